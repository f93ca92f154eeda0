//! `nta simulate`.

use std::io::Write;
use std::path::Path;

use nta_pipeline::{SimulateRequest, simulate as job};

use crate::args::{Common, SimulateArgs};
use crate::progress::Progress;

pub(crate) fn simulate(args: &SimulateArgs, common: &Common) -> anyhow::Result<()> {
    let to_stdout = args.output == Path::new("-");
    let output = (!to_stdout).then(|| args.output.clone());
    let request = SimulateRequest { seed: args.seed, sets: args.set.clone(), output };
    if let Some(text) = job(&request, &Progress::new(common.quiet))? {
        std::io::stdout().lock().write_all(&text)?;
    }
    Ok(())
}
