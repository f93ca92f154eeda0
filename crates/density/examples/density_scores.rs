//! Fits a density to a drawn table and writes it with the surprises and scores of another, for `scripts/check/density.py`,
//! which says what lies in the folder.

use std::path::Path;

use nta_data::{Label, Quiet, Tabular, TabularKind};
use nta_density::DensityConfig;
use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).ok_or("name the folder to read from and write to")?;
    let folder = Path::new(&folder);
    let header: Value = serde_json::from_slice(&std::fs::read(folder.join("header.json"))?)?;
    let config: DensityConfig = serde_json::from_value(header["config"].clone())?;
    let labels = std::fs::read(folder.join("train.labels"))?;
    let y: Vec<Label> = labels.iter().map(|b| if *b == 1 { Label::Attack } else { Label::Benign }).collect();
    let weights = numbers(&folder.join("train.weights"))?;
    let density = config.fit_weighted(&table(folder, &header, "train")?, &y, &weights, &Quiet)?;
    let test = table(folder, &header, "test")?;
    let (surprises, scores) = (density.surprise(&test)?, density.predict_proba(&test)?);
    std::fs::write(folder.join("density.json"), density.to_bytes())?;
    std::fs::write(folder.join("surprises.f64"), surprises.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())?;
    std::fs::write(folder.join("scores.f32"), scores.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())?;
    Ok(())
}

fn numbers(path: &Path) -> Result<Vec<f32>> {
    Ok(std::fs::read(path)?.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

fn table(folder: &Path, header: &Value, part: &str) -> Result<Tabular> {
    let names: Vec<String> = serde_json::from_value(header["names"].clone())?;
    let categories: Vec<usize> = serde_json::from_value(header["categories"].clone())?;
    let n_rows = header[part].as_u64().ok_or("the header tells no number of rows")? as usize;
    let kind = |j| if categories.contains(&j) { TabularKind::RankedCategory } else { TabularKind::Numeric };
    Ok(Tabular {
        kinds: (0..names.len()).map(kind).collect(),
        columns: numbers(&folder.join(format!("{part}.f32")))?.chunks_exact(n_rows).map(<[f32]>::to_vec).collect(),
        names,
    })
}
