//! What can go wrong while a report is made.

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A figure.
    #[error("figures/{name}: {source}")]
    Figure {
        /// File name without its ending.
        name: String,
        /// What the drawing says.
        source: nta_plots::PlotError,
    },
    /// A table.
    #[error("tables/{name}: {source}")]
    Table {
        /// File name.
        name: &'static str,
        /// What the writer says.
        source: csv::Error,
    },
    /// The page.
    #[error("the page: {0:#}")]
    Page(#[from] minijinja::Error),
}
