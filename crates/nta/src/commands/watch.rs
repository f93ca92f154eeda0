//! `nta watch`.

use std::io::Write;
use std::time::Duration;

use nta_pipeline::{ForwardKind, ForwardTo, WatchEvent, WatchRequest, watch as job};

use crate::args::{Common, WatchArgs};
use crate::progress::Progress;
use crate::{commands, visible, words};

const MIB: u64 = 1 << 20;
/// How often a line says where the watch stands.
const STATUS: Duration = Duration::from_secs(10);

pub(crate) fn watch(args: &WatchArgs, common: &Common) -> anyhow::Result<()> {
    let authorization = std::env::var("NTA_FORWARD_AUTH").ok();
    let to = |kind: ForwardKind, addresses: &[String]| {
        let one = |address: &String| ForwardTo { kind, address: address.clone(), authorization: authorization.clone() };
        addresses.iter().map(one).collect::<Vec<_>>()
    };
    let forward = [
        to(ForwardKind::Webhook, &args.webhook),
        to(ForwardKind::Elastic, &args.elastic),
        to(ForwardKind::Splunk, &args.splunk),
        to(ForwardKind::Syslog, &args.syslog),
    ];
    let request = WatchRequest {
        model: args.model.clone(),
        sources: args.sources.clone(),
        reorder: args.reorder.map(Duration::try_from_secs_f64).transpose()?,
        reorder_rows: args.reorder_rows as usize,
        group: Duration::try_from_secs_f64(args.group)?,
        alerts: args.alerts.clone(),
        flows: args.flows.clone(),
        rotate_bytes: args.rotate.saturating_mul(MIB),
        state: args.state.clone(),
        save_every: Duration::try_from_secs_f64(args.save_every)?,
        deadline: Duration::from_millis(args.deadline),
        batch_rows: args.batch as usize,
        reasons: usize::from(args.explain),
        once: args.once,
        forward: forward.concat(),
        suppress: args.suppress.clone(),
        most_alerts_a_day: args.most_alerts,
        status_every: STATUS,
        metrics: args.metrics.clone(),
        project: commands::project(common),
    };
    let tell = |event: &WatchEvent| {
        if !common.quiet {
            let _ = writeln!(std::io::stderr(), "  {}", visible::one_line(&words::watching(event)));
        }
    };
    let counts = job(&request, &Progress::new(true), &tell)?;
    if common.json {
        // Alerts may stand on standard output; then the counts are its last line.
        writeln!(std::io::stdout().lock(), "{}", serde_json::to_string(&counts)?)?;
    }
    Ok(())
}
