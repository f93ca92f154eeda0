//! A run becomes files.

use crate::figures::{self, DrawnFigure};
use crate::{ReportError, RunReport, page, tables};

/// One file of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artefact {
    /// Relative to the run's folder, with `/`.
    pub path: String,
    /// Contents.
    pub bytes: Vec<u8>,
}

/// The whole report: `report.html`, `figures/*.png` with `.svg` twins, `tables/*.csv`. The same run gives the same
/// bytes.
pub fn render(run: &RunReport) -> Result<Vec<Artefact>, ReportError> {
    let figures = figures::draw(run)?;
    let page = page::render(run, &figures)?;
    let mut files = vec![Artefact { path: "report.html".into(), bytes: page.into_bytes() }];
    for DrawnFigure { name, figure, .. } in figures {
        files.push(Artefact { path: format!("figures/{name}.png"), bytes: figure.png });
        files.push(Artefact { path: format!("figures/{name}.svg"), bytes: figure.svg.into_bytes() });
    }
    for (name, bytes) in tables::write(run)? {
        files.push(Artefact { path: format!("tables/{name}"), bytes });
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn paths(run: &RunReport) -> Vec<String> {
        render(run).unwrap().into_iter().map(|file| file.path).collect()
    }

    #[test]
    fn a_run_has_the_files_that_users_of_the_original_know() {
        let paths = paths(&sample::usual());
        for member in ["rf", "lstm", "hybrid"] {
            for figure in ["confusion_matrix", "roc_curve"] {
                for ending in ["png", "svg"] {
                    assert!(paths.contains(&format!("figures/{figure}_{member}.{ending}")), "{figure} {member}");
                }
            }
            assert!(paths.contains(&format!("tables/classification_report_{member}.csv")));
        }
        assert!(paths.contains(&"report.html".to_owned()));
        let distinct: std::collections::BTreeSet<&String> = paths.iter().collect();
        assert_eq!(distinct.len(), paths.len());
    }

    #[test]
    fn the_same_run_gives_the_same_bytes() {
        assert_eq!(render(&sample::small()).unwrap(), render(&sample::small()).unwrap());
    }

    #[test]
    fn a_run_with_one_class_and_nothing_else_still_reports() {
        let run = sample::one_class();
        let paths = paths(&run);
        assert!(paths.contains(&"figures/roc_curve_hybrid.png".to_owned()));
    }
}
