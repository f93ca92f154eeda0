//! All summands of the surprise as few tables, each over some columns at once, so that a block of rows takes one after the
//! other from the cache.
//!
//! Two columns that are each other's parents share a table, and so do three whose classes are few: fewer cells are read
//! for a row than there are summands. Cells are whole numbers of units, so that their sums are exact in any order.

use crate::classes::Classes;
use crate::column::Term;
use crate::terms::UNITS;

/// Rows that are scored together.
pub(crate) const BLOCK: usize = 512;

/// Cells that a table of more than two columns may have: with a block of rows it has room in the first cache.
const MOST_CELLS: usize = 1 << 11;

/// Every summand, each in one table.
#[derive(Debug, Clone)]
pub(crate) struct Lookup(Vec<Table>);

/// The summands among some columns.
#[derive(Debug, Clone)]
struct Table {
    /// Columns, and how many cells lie between two neighbouring classes of each.
    columns: Vec<(usize, u16)>,
    /// Units, `(n_cells)`.
    units: Vec<u32>,
}

impl Lookup {
    /// The tables of `terms`, whose columns have `classes`.
    pub(crate) fn of(terms: &[Term], classes: &[Classes]) -> Self {
        let mut left: Vec<&Term> = terms.iter().collect();
        let mut tables = Vec::new();
        while !left.is_empty() {
            let columns = together(&left, classes);
            let (taken, others) = left.into_iter().partition(|term| is_among(term, &columns));
            tables.push(Table::of(taken, &columns, classes));
            left = others;
        }
        Lookup(tables)
    }

    /// Adds each row's surprise in units to `sums` `(n)`, at most a block; `classes` are `(n_columns)` slices of `(n)`.
    pub(crate) fn add(&self, classes: &[&[u8]], sums: &mut [u64]) {
        let mut cells = [0u16; BLOCK];
        for table in &self.0 {
            let cells = &mut cells[..sums.len()];
            table.find(classes, cells);
            for (sum, cell) in sums.iter_mut().zip(cells) {
                *sum += u64::from(table.units[usize::from(*cell)]);
            }
        }
    }

    /// Bytes of all tables.
    pub(crate) fn bytes(&self) -> usize {
        self.0.iter().map(|table| size_of_val(table.units.as_slice())).sum()
    }
}

impl Table {
    fn of(terms: Vec<&Term>, columns: &[usize], classes: &[Classes]) -> Self {
        let mut n_cells = 1;
        let mut strides = Vec::with_capacity(columns.len());
        for &column in columns {
            strides.push((column, n_cells));
            n_cells *= classes[column].codes().len();
        }
        // Eleven columns have room, none of which adds more than 51 nats: their sum is below 2^32 units.
        let mut units = vec![0; n_cells];
        for term in terms {
            // What the codes of a column are in a cell.
            let code_of = |column: usize| {
                let stride = strides.iter().find(|(of, _)| *of == column).map_or(1, |(_, stride)| *stride);
                let codes = classes[column].codes();
                move |cell: usize| codes[cell / stride % codes.len()]
            };
            let own = code_of(term.column);
            let given = term.given.map(code_of);
            let n_own = classes[term.column].n_codes();
            for (cell, units) in units.iter_mut().enumerate() {
                let row = given.as_ref().map_or(0, |given| given(cell));
                *units += (f64::from(term.nats[row * n_own + own(cell)]) * UNITS) as u32;
            }
        }
        // Two columns of 256 classes have 2^16 cells: what lies between two classes is less.
        let columns = strides.into_iter().map(|(column, stride)| (column, stride as u16)).collect();
        Table { columns, units }
    }

    /// The cell of each row.
    fn find(&self, classes: &[&[u8]], cells: &mut [u16]) {
        for (place, (column, stride)) in self.columns.iter().enumerate() {
            let all = cells.iter_mut().zip(classes[*column]);
            match place {
                0 => all.for_each(|(cell, class)| *cell = u16::from(*class)),
                _ => all.for_each(|(cell, class)| *cell += u16::from(*class) * stride),
            }
        }
    }
}

/// Whether all that a term looks at is among `columns`.
fn is_among(term: &Term, columns: &[usize]) -> bool {
    columns.contains(&term.column) && term.given.is_none_or(|given| columns.contains(&given))
}

/// Columns of the next table: those of the term with the fewest cells, and then, as long as there is room, the column that
/// brings the most further terms for the cells that it costs. Equal ones go by their order.
fn together(left: &[&Term], classes: &[Classes]) -> Vec<usize> {
    let n_classes = |column: usize| classes[column].codes().len();
    let size = |columns: &[usize]| columns.iter().map(|column| n_classes(*column)).product::<usize>();
    let of_term = |term: &&Term| -> Vec<usize> { [term.column].into_iter().chain(term.given).collect() };
    let mut columns = left.iter().map(of_term).min_by_key(|columns| size(columns)).unwrap_or_default();
    loop {
        let next = |column: usize| {
            let with: Vec<usize> = columns.iter().copied().chain([column]).collect();
            let brought = left.iter().filter(|term| is_among(term, &with) && !is_among(term, &columns)).count();
            let fits = !columns.contains(&column) && brought > 0 && size(&with) <= MOST_CELLS;
            fits.then(|| (column, brought as f64 / (1.0 + (n_classes(column) as f64).ln())))
        };
        let better = |best: (usize, f64), next: (usize, f64)| if next.1 > best.1 { next } else { best };
        match (0..classes.len()).filter_map(next).reduce(better) {
            Some((column, _)) => columns.push(column),
            None => return columns,
        }
    }
}
