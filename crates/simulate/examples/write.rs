//! Writes simulated traffic as CSV: `write SEED FILE [FLOWS DAYS HOSTS SHARE]`.

use std::fs::File;
use std::io::BufWriter;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut config = nta_simulate::SimulateConfig::default();
    if let [_, _, flows, days, hosts, share] = &words[..] {
        (config.flows, config.days) = (flows.parse()?, days.parse()?);
        (config.hosts, config.attack_share) = (hosts.parse()?, share.parse()?);
    }
    let flows = config.generate(words[0].parse()?, &nta_data::Quiet)?;
    nta_simulate::write_csv(&flows, BufWriter::new(File::create(&words[1])?))?;
    Ok(())
}
