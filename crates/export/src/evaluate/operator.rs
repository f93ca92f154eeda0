//! The operators, by their definitions (github.com/onnx/onnx, docs/Operators.md and Operators-ml.md, versions 17 and 3).

use std::collections::HashMap;

use super::tensor::{Tensor, two};
use super::trees::Trees;
use crate::onnx::Element;

/// An operator with its attributes.
pub(crate) enum Operator {
    /// Of each number.
    Each(fn(f64) -> f64),
    /// Of two numbers, broadcast.
    Pair(fn(f64, f64) -> f64),
    /// Whether two numbers compare so, broadcast.
    Compare(fn(f64, f64) -> bool),
    Where,
    Clip,
    Cast(Element),
    /// Side by side.
    Concat,
    /// Along this axis, 0 or 1.
    Gather(usize),
    Reshape,
    /// Along axis 1.
    Split,
    MatMul,
    CategoryMapper {
        codes: HashMap<String, i64>,
        other: i64,
    },
    Trees(Box<Trees>),
}

impl Operator {
    /// The outputs for these inputs.
    ///
    /// # Errors
    /// Inputs of the wrong number, type or shape, in words.
    pub(crate) fn run(&self, inputs: &[&Tensor]) -> Result<Vec<Tensor>, String> {
        let made = match (self, inputs) {
            (Operator::Each(of), [x]) => {
                let (element, shape, values) = x.numbers()?;
                Tensor::rounded(element, shape.to_vec(), values.iter().map(|&x| of(x)).collect())
            }
            (Operator::Pair(of), [a, b]) => {
                let (shape, values) = broadcast(a, b, of)?;
                Tensor::rounded(a.numbers()?.0, shape, values)
            }
            (Operator::Compare(of), [a, b]) => {
                let (shape, values) = broadcast(a, b, |a, b| f64::from(u8::from(of(a, b))))?;
                Tensor::rounded(Element::Bool, shape, values)
            }
            (Operator::Where, [condition, yes, no]) => choose(condition, yes, no)?,
            (Operator::Clip, [x, low, high]) => {
                let ((element, shape, values), low, high) = (x.numbers()?, one(low)?, one(high)?);
                Tensor::rounded(element, shape.to_vec(), values.iter().map(|x| x.max(low).min(high)).collect())
            }
            (Operator::Cast(element), [x]) => cast(*element, x)?,
            (Operator::Concat, [_, ..]) => beside(inputs)?,
            (Operator::Gather(axis), [x, which]) => gather(x, which, *axis)?,
            (Operator::Reshape, [x, shape]) => reshape(x, shape)?,
            (Operator::Split, [x, sizes]) => return split(x, sizes),
            (Operator::MatMul, [a, b]) => product(a, b)?,
            (Operator::CategoryMapper { codes, other }, [Tensor::Texts(texts)]) => {
                let code = |text: &String| codes.get(text).copied().unwrap_or(*other) as f64;
                Tensor::rounded(Element::Int64, vec![texts.len()], texts.iter().map(code).collect())
            }
            (Operator::Trees(trees), [x]) => return trees.run(x),
            _ => return Err(format!("it does not take {} inputs of these kinds", inputs.len())),
        };
        Ok(vec![made])
    }
}

fn one(x: &Tensor) -> Result<f64, String> {
    match x.numbers()?.2 {
        [x] => Ok(*x),
        _ => Err("a bound is no single number".to_owned()),
    }
}

/// The number at a place, a dimension of 1 being stretched.
fn at(values: &[f64], [n_rows, n_columns]: Size, row: usize, column: usize) -> f64 {
    values[row.min(n_rows - 1) * n_columns + column.min(n_columns - 1)]
}

/// `of` every two numbers that stand at the same place.
fn broadcast(a: &Tensor, b: &Tensor, of: impl Fn(f64, f64) -> f64) -> Result<(Vec<usize>, Vec<f64>), String> {
    let ((kind_a, shape_a, a), (kind_b, shape_b, b)) = (a.numbers()?, b.numbers()?);
    if kind_a != kind_b {
        return Err(format!("{kind_a:?} meets {kind_b:?}"));
    }
    let (size_a, size_b) = (two(shape_a)?, two(shape_b)?);
    let size = stretched(size_a, size_b)?;
    let row = |r: usize| (0..size[1]).map(move |c| (r, c));
    let values = match (a, b) {
        // What most of a network's operators are: beside each other, or all with one number.
        _ if size_a == size_b => a.iter().zip(b).map(|(a, b)| of(*a, *b)).collect(),
        (_, [b]) => a.iter().map(|a| of(*a, *b)).collect(),
        ([a], _) => b.iter().map(|b| of(*a, *b)).collect(),
        _ => (0..size[0]).flat_map(row).map(|(r, c)| of(at(a, size_a, r, c), at(b, size_b, r, c))).collect(),
    };
    Ok((size[2 - shape_a.len().max(shape_b.len())..].to_vec(), values))
}

/// Rows and columns.
type Size = [usize; 2];

/// The size that both stretch to.
fn stretched(a: Size, b: Size) -> Result<Size, String> {
    let one = |a: usize, b: usize| match (a, b) {
        (a, b) if a == b => Ok(a),
        (1, n) | (n, 1) => Ok(n),
        _ => Err(format!("{a} does not stretch to {b}")),
    };
    Ok([one(a[0], b[0])?, one(a[1], b[1])?])
}

/// The first number where the condition holds, else the second.
fn choose(condition: &Tensor, yes: &Tensor, no: &Tensor) -> Result<Tensor, String> {
    let (kinds, rank) = ((yes.numbers()?.0, no.numbers()?.0), |x: &Tensor| x.numbers().map(|x| x.1.len()));
    if kinds.0 != kinds.1 {
        return Err(format!("{:?} meets {:?}", kinds.0, kinds.1));
    }
    let rank = rank(condition)?.max(rank(yes)?).max(rank(no)?);
    let ((size_c, condition), (size_y, yes), (size_n, no)) = (condition.table()?, yes.table()?, no.table()?);
    let size = stretched(stretched(size_c, size_y)?, size_n)?;
    let row = |r: usize| (0..size[1]).map(move |c| (r, c));
    let pick = |(r, c)| if at(condition, size_c, r, c) != 0.0 { at(yes, size_y, r, c) } else { at(no, size_n, r, c) };
    let values = (0..size[0]).flat_map(row).map(pick).collect();
    Ok(Tensor::rounded(kinds.0, size[2 - rank..].to_vec(), values))
}

fn cast(element: Element, x: &Tensor) -> Result<Tensor, String> {
    let (_, shape, values) = x.numbers()?;
    let whole = matches!(element, Element::Int32 | Element::Int64);
    let values = values.iter().map(|x| if whole { x.trunc() } else { *x }).collect();
    Ok(Tensor::rounded(element, shape.to_vec(), values))
}

fn beside(parts: &[&Tensor]) -> Result<Tensor, String> {
    let tables = parts.iter().map(|part| part.table()).collect::<Result<Vec<_>, _>>()?;
    let (element, n_rows) = (parts[0].numbers()?.0, tables[0].0[0]);
    let mixed = parts.iter().any(|part| part.numbers().map(|p| p.0) != Ok(element));
    if mixed || tables.iter().any(|(size, _)| size[0] != n_rows) {
        return Err("parts of two types or lengths".to_owned());
    }
    let width = tables.iter().map(|(size, _)| size[1]).sum();
    let row = |r: usize| tables.iter().flat_map(move |(size, values)| values[r * size[1]..][..size[1]].iter().copied());
    Ok(Tensor::rounded(element, vec![n_rows, width], (0..n_rows).flat_map(row).collect()))
}

fn gather(x: &Tensor, which: &Tensor, axis: usize) -> Result<Tensor, String> {
    let (element, ..) = x.numbers()?;
    let ([n_rows, n_columns], values) = x.table()?;
    let which: Vec<usize> = which.numbers()?.2.iter().map(|&i| i as usize).collect();
    let room = if axis == 0 { n_rows } else { n_columns };
    if let Some(beyond) = which.iter().find(|&&i| i >= room) {
        return Err(format!("place {beyond} of {room}"));
    }
    let (shape, values) = match axis {
        0 => (
            vec![which.len(), n_columns],
            which.iter().flat_map(|r| &values[r * n_columns..][..n_columns]).copied().collect(),
        ),
        _ => {
            let row = |r: usize| which.iter().map(move |c| values[r * n_columns + c]);
            (vec![n_rows, which.len()], (0..n_rows).flat_map(row).collect())
        }
    };
    Ok(Tensor::rounded(element, shape, values))
}

fn reshape(x: &Tensor, shape: &Tensor) -> Result<Tensor, String> {
    let ((element, _, values), (_, _, wanted)) = (x.numbers()?, shape.numbers()?);
    let sizes = wanted.iter().filter(|n| **n > 0.0).map(|n| *n as usize);
    let known = sizes.fold(1usize, usize::saturating_mul);
    let open = wanted.iter().filter(|n| **n < 0.0).count();
    let fits = match open {
        0 => known == values.len(),
        1 => known > 0 && values.len().is_multiple_of(known),
        _ => false,
    };
    if !fits {
        return Err(format!("{} numbers do not fill {wanted:?}", values.len()));
    }
    let size = |n: &f64| if *n < 0.0 { values.len() / known } else { *n as usize };
    Ok(Tensor::rounded(element, wanted.iter().map(size).collect(), values.to_vec()))
}

fn split(x: &Tensor, sizes: &Tensor) -> Result<Vec<Tensor>, String> {
    let (element, ..) = x.numbers()?;
    let ([n_rows, n_columns], values) = x.table()?;
    let sizes: Vec<usize> = sizes.numbers()?.2.iter().map(|&n| n as usize).collect();
    if sizes.iter().copied().fold(0, usize::saturating_add) != n_columns {
        return Err(format!("{sizes:?} are not the {n_columns} columns"));
    }
    let mut start = 0;
    let part = |width: usize| {
        let first = start;
        start += width;
        let row = |r: usize| values[r * n_columns + first..][..width].iter().copied();
        Tensor::rounded(element, vec![n_rows, width], (0..n_rows).flat_map(row).collect())
    };
    Ok(sizes.into_iter().map(part).collect())
}

/// Sums of products, from the first term to the last; in f32 each sum is rounded as it grows, as runtimes and our scorer
/// have it: a product and its sum together, once.
fn product(a: &Tensor, b: &Tensor) -> Result<Tensor, String> {
    let (element, ..) = a.numbers()?;
    let rounded = |sum: f64| if element == Element::Float { f64::from(sum as f32) } else { sum };
    let (([n_rows, depth], a), ([depth_b, n_columns], b)) = (a.table()?, b.table()?);
    if depth != depth_b {
        return Err(format!("{depth} columns meet {depth_b} rows"));
    }
    let mut values = vec![0.0; n_rows * n_columns];
    for (row, sums) in values.chunks_exact_mut(n_columns.max(1)).enumerate() {
        for (x, weights) in a[row * depth..][..depth].iter().zip(b.chunks_exact(n_columns.max(1))) {
            sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum = rounded(*sum + x * weight));
        }
    }
    Ok(Tensor::rounded(element, vec![n_rows, n_columns], values))
}
