//! `nta watch`.

use std::io::Write;
use std::time::Duration;

use nta_pipeline::{ForwardKind, ForwardTo, WatchEvent, WatchRequest, watch as job};

use crate::args::{Common, WatchArgs};
use crate::dashboard::Screen;
use crate::progress::Progress;
use crate::{commands, visible, words};

const MIB: u64 = 1 << 20;
/// How often a line says where the watch stands.
const STATUS: Duration = Duration::from_secs(10);
/// How often it is drawn.
const DRAWN: Duration = Duration::from_secs(1);

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
    let screen = screen(args, common);
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
        spool_bytes: args.spool.saturating_mul(MIB),
        suppress: args.suppress.clone(),
        most_alerts: args.most_alerts.unwrap_or_default(),
        status_every: if screen.is_some() { DRAWN } else { STATUS },
        metrics: args.metrics.clone(),
        project: commands::project(common),
    };
    let tell = |event: &WatchEvent| {
        if let Some(screen) = &screen {
            screen.tell(event);
        } else if !common.quiet {
            let _ = writeln!(std::io::stderr(), "  {}", visible::one_line(&words::watching(event)));
        }
    };
    // With a screen of its own nothing else is drawn.
    let counts = job(&request, &Progress::new(true), &tell);
    drop(screen);
    let counts = counts?;
    if common.json {
        // Alerts may stand on standard output; then the counts are its last line.
        writeln!(std::io::stdout().lock(), "{}", serde_json::to_string(&counts)?)?;
    }
    Ok(())
}

/// A terminal to draw on, where alerts go elsewhere and nobody asked for lines or for nothing.
#[cfg(unix)]
fn screen(args: &WatchArgs, common: &Common) -> Option<Screen> {
    let is_wanted = !args.plain && args.alerts.is_some() && !common.quiet && !common.json;
    is_wanted.then(Screen::take).flatten()
}
