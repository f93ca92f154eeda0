//! Values in a graph that runs: texts, or numbers of at most two dimensions.

use crate::onnx::{Element, TensorProto};

/// Texts `(rows)`, or numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tensor {
    /// One a row.
    Texts(Vec<String>),
    /// Numbers of every type, each exactly as f64.
    Numbers { element: Element, shape: Vec<usize>, values: Vec<f64> },
}

impl Tensor {
    /// f32 of this shape.
    pub(crate) fn floats(shape: Vec<usize>, values: impl IntoIterator<Item = f32>) -> Self {
        Tensor::Numbers { element: Element::Float, shape, values: values.into_iter().map(f64::from).collect() }
    }

    /// f64, `(rows)`.
    pub(crate) fn doubles(values: Vec<f64>) -> Self {
        Tensor::Numbers { element: Element::Double, shape: vec![values.len()], values }
    }

    /// Numbers of this type, each rounded to it.
    pub(crate) fn rounded(element: Element, shape: Vec<usize>, mut values: Vec<f64>) -> Self {
        if element == Element::Float {
            values.iter_mut().for_each(|x| *x = f64::from(*x as f32));
        }
        Tensor::Numbers { element, shape, values }
    }

    /// Type, shape and values of numbers.
    pub(crate) fn numbers(&self) -> Result<(Element, &[usize], &[f64]), String> {
        match self {
            Tensor::Numbers { element, shape, values } => Ok((*element, shape, values)),
            Tensor::Texts(_) => Err("texts where numbers belong".to_owned()),
        }
    }

    /// Rows and columns of numbers, a missing dimension being 1, and the values row by row.
    pub(crate) fn table(&self) -> Result<([usize; 2], &[f64]), String> {
        let (_, shape, values) = self.numbers()?;
        Ok((two(shape)?, values))
    }

    /// A constant of a file, if it is sound.
    pub(crate) fn of(proto: &TensorProto) -> Result<Self, String> {
        let shape: Option<Vec<usize>> = proto.dims.iter().map(|&n| usize::try_from(n).ok()).collect();
        let shape = shape.ok_or("a negative size")?;
        let element = Element::of(proto.data_type).ok_or("an unknown type")?;
        let raw = &proto.raw_data;
        let values: Vec<f64> = match element {
            Element::Float => raw.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b).into()).collect(),
            Element::Double => raw.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect(),
            Element::Int64 => raw.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b) as f64).collect(),
            Element::Int32 | Element::Bool | Element::Text => return Err("a type that no constant has".to_owned()),
        };
        let width = if element == Element::Float { 4 } else { 8 };
        let n = shape.iter().try_fold(1usize, |n, &size| n.checked_mul(size));
        match n == Some(values.len()) && raw.len() == values.len() * width {
            true => Ok(Tensor::Numbers { element, shape, values }),
            false => Err("its size is not that of its values".to_owned()),
        }
    }
}

/// A shape as two dimensions, as broadcasting reads it.
pub(crate) fn two(shape: &[usize]) -> Result<[usize; 2], String> {
    match *shape {
        [] => Ok([1, 1]),
        [n] => Ok([1, n]),
        [rows, columns] => Ok([rows, columns]),
        _ => Err("more than two dimensions".to_owned()),
    }
}
