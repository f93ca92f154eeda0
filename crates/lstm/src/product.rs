//! Matrix products by the gemm crate, behind lengths that are checked.

/// A row-major matrix, or the same memory read as its transpose.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: isize,
    column_stride: isize,
}

impl<'a> Matrix<'a> {
    /// `(rows, columns)`, row-major. The memory may be longer.
    pub(crate) fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        assert!(rows * columns <= values.len(), "{rows} × {columns} in {}", values.len());
        Matrix { values, rows, columns, row_stride: columns as isize, column_stride: 1 }
    }

    /// The transpose, without moving anything.
    pub(crate) fn turned(self) -> Self {
        Matrix {
            values: self.values,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }
}

/// What becomes of what stood in the target.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// It is overwritten.
    Set,
    /// The product is added to it.
    Add,
}

/// `into (left.rows, right.columns)` row-major = or += `left · right`, on the calling thread alone.
pub(crate) fn product(into: &mut [f32], target: Target, left: Matrix<'_>, right: Matrix<'_>) {
    let (m, n, k) = (left.rows, right.columns, left.columns);
    assert!(k == right.rows && m * n <= into.len(), "({m}, {k}) · ({}, {n}) into {}", right.rows, into.len());
    let add = target == Target::Add;
    if k == 0 && !add {
        into[..m * n].fill(0.0);
    }
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    // SAFETY: `Matrix::new` and the assertion above hold every element that the sizes and strides name inside its
    // slice; `into` is borrowed mutably, so it overlaps neither operand.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            into.as_mut_ptr(),
            1,
            n as isize,
            add,
            left.values.as_ptr(),
            left.column_stride,
            left.row_stride,
            right.values.as_ptr(),
            right.column_stride,
            right.row_stride,
            if add { 1.0 } else { 0.0 },
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_equal_the_sum_written_out() {
        let left: Vec<f32> = (0..6).map(|i| i as f32).collect();
        let right: Vec<f32> = (0..12).map(|i| 1.0 - i as f32).collect();
        let (a, b) = (Matrix::new(&left, 2, 3), Matrix::new(&right, 3, 4));
        let mut into = vec![9.0; 8];
        product(&mut into, Target::Set, a, b);
        assert_eq!(into, [-17.0, -20.0, -23.0, -26.0, -44.0, -56.0, -68.0, -80.0]);
        product(&mut into, Target::Add, a, b);
        assert_eq!(into[..2], [-34.0, -40.0]);
        // (3, 2) · (2, 3) with the left one turned: Σ over rows of `left`.
        let mut gram = vec![0.0; 9];
        product(&mut gram, Target::Set, a.turned(), a);
        assert_eq!(gram, [9.0, 12.0, 15.0, 12.0, 17.0, 22.0, 15.0, 22.0, 29.0]);
    }
}
