//! What a job's events say, in a few words: the one place where their numbers become sentences.

pub(crate) mod watching;

use std::collections::BTreeMap;

use nta_pipeline::{
    AVERAGE, Awaited, Begun, Finding, FromVerdicts, Joined, LeaveOut, MeterCounts, OddColumn, Outcome, Outside,
    PartSize, Remark, SampleRead, ScorePromise, Settled, SiteBaseline, SiteCandidate, SiteChoice, SiteKept, SiteUnits,
    Strong, TimeRead, Unit, UnitKind, a_day, implied_precision, listed, thousands, timestamp,
};

use crate::visible::one_line;

pub(crate) use watching::watching;

/// The first line of a run.
pub(crate) fn begun(begun: &Begun) -> String {
    let again = if begun.resumed { " · resumed" } else { "" };
    format!("{} · run {} · seed {}{again}", begun.name, begun.run, begun.seed)
}

/// How many rows there are, where only a sample was read.
pub(crate) fn sample(rows: u64, sample: &SampleRead) -> String {
    let places = if sample.beginning_only { "the beginning (packed)" } else { "16 places" };
    format!(
        "about {}, estimated like the parts below from {} read at {places}, {} of {} MB; `--dry-run --whole` reads all",
        thousands(rows),
        thousands(sample.rows),
        sample.bytes >> 20,
        sample.of_bytes >> 20
    )
}

/// Packets that are in no flow, and what else a person should know of those that are.
pub(crate) fn unmetered(counts: &MeterCounts) -> Vec<String> {
    let tunnels = counts.tunnels.total();
    [
        (counts.not_ip, "packets that are not IP"),
        (counts.unread_link, "packets of a link layer that is not read"),
        (counts.malformed, "packets too short or damaged to be decoded"),
        (counts.lone_fragments, "fragments whose first never came"),
        (counts.overlong, "packets shorter than their IP header says; what was there is counted"),
        (counts.late, "packets older than one before them, metered all the same"),
        (tunnels, "packets of tunnels; flows are those of the tunnels' ends"),
        (counts.clock_restarts, "times that the clock fell back by more than ten minutes; every flow ended there"),
        (counts.evicted, "flows ended early, for want of room (--max-flows)"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| format!("{} {what}", thousands(n)))
    .collect()
}

/// What the reader of such numbers has to know.
pub(crate) const NOT_TOLD_BY_A_SAMPLE: &str =
    "a sample does not tell of single bad cells, rare labels and families, or copies of flows elsewhere";

/// What a stage made: the number that matters. A second line where there is more to it.
pub(crate) fn outcome(outcome: &Outcome, seconds: f64) -> String {
    match outcome {
        Outcome::Read { rows, columns, files, times } => {
            let plural = if *files == 1 { "" } else { "s" };
            let read = format!("{} flows, {columns} feature columns, {files} file{plural}", thousands(*rows));
            times.iter().fold(read, |read, times| format!("{read}\n{} {}", times.role, span(&times.read)))
        }
        Outcome::Partition { parts } => partition(parts),
        Outcome::Preprocess { tabular, numeric, categorical } => {
            format!("{tabular} columns for the forest, {numeric} numbers and {categorical} categories for the LSTM")
        }
        Outcome::LeaveOut { left_out, best, unseen } => {
            let best =
                best.as_ref().map_or_else(|| "nothing to choose by".to_owned(), |best| format!("most by {best}"));
            let found =
                unseen.map_or_else(String::new, |found| format!(", {} of what was left out", in_percent(found)));
            format!("families left out {left_out} times · {best}{found}")
        }
        Outcome::Forest { trees, out_of_bag_auc } => {
            let auc = out_of_bag_auc.map_or_else(|| "none".to_owned(), |auc| format!("{auc:.4}"));
            format!("{trees} trees · out-of-bag AUC {auc}")
        }
        Outcome::Importances { flows: None, .. } => "by impurity alone".to_owned(),
        Outcome::Importances { flows: Some(flows), largest } => {
            let named: Vec<String> =
                largest.iter().take(2).map(|f| format!("{} {:.4}", one_line(&f.feature), f.loss)).collect();
            format!("average precision lost in a shuffle: {} ({} flows)", named.join(", "), thousands(*flows))
        }
        Outcome::Lstm { epochs, most_epochs, best_epoch, flows_per_second, device } => {
            let speed = thousands(*flows_per_second as u64);
            format!("epoch {epochs} of {most_epochs}, best {best_epoch} · {speed} flows/s on {device}")
        }
        Outcome::Density { columns, flows, half } => {
            format!("{columns} columns over {} benign flows, one half at {half:.1} nats", thousands(*flows))
        }
        Outcome::Isolation { trees, flows, half } => {
            format!("{trees} trees over {} benign flows, one half at {half:.1} splits", thousands(*flows))
        }
        Outcome::CrossFit { folds, rows } => {
            format!("{} rows scored by {folds} fits that had not seen them", thousands(*rows))
        }
        Outcome::Refit { rows, of } => {
            let share = 100.0 * *rows as f64 / (*of).max(1) as f64;
            format!("train {} of {} rows that are not test ({share:.0} %)", thousands(*rows), thousands(*of))
        }
        Outcome::Hybrid { combine, threshold, rule } => {
            format!("{}, threshold {threshold:.4} for {}", combined(combine), rule.describe())
        }
        Outcome::Evaluate { rows, .. } => format!("{} test flows", thousands(*rows)),
        Outcome::Report { figures } => format!("report.html, {figures} figures"),
        Outcome::Save { model, .. } => format!("models/{model}"),
        Outcome::Score { rows, flagged, sorted } => scored(*rows, *flagged, *sorted, seconds),
        Outcome::Prove { rows, largest_difference } => {
            format!("{} flows through graph and model, scores within {largest_difference:.1e}", thousands(*rows))
        }
        Outcome::Drift { rows, past_limit } => {
            let found =
                if *past_limit == 0 { "within the limits".to_owned() } else { format!("{past_limit} past the limit") };
            format!("{} flows, {found}", thousands(*rows))
        }
        Outcome::Audit { rows, attacks, held_out } => {
            let [rows, attacks, held_out] = [rows, attacks, held_out].map(|n| thousands(*n));
            format!("{rows} fresh flows, {attacks} attacks, {held_out} held out")
        }
        Outcome::Replay { rows, of, unavailable } => {
            let gone =
                if *unavailable > 0 { format!(" · {unavailable} models' traffic is gone") } else { String::new() };
            format!("{} of {} old flows learned again{gone}", thousands(*rows), thousands(*of))
        }
        Outcome::Decide { champion, challenger, gain, failed, promoted } => {
            let what = match (failed, promoted) {
                (0, true) => "takes over".to_owned(),
                (0, false) => "passes".to_owned(),
                (n, _) => format!("fails {n} checks"),
            };
            format!("{challenger} against {champion}: recall {gain:+.3}, {what}")
        }
        Outcome::Baseline { rows, model } => match model {
            Some(model) => format!("{} benign flows, models/{model}", thousands(*rows)),
            None => format!("{} benign flows of the site set the thresholds", thousands(*rows)),
        },
        Outcome::Simulate { rows, attacks, .. } => {
            format!("{} flows, {} attacks", thousands(*rows), thousands(*attacks))
        }
    }
}

/// What a site's baseline promises.
pub(crate) fn site_promise(site: &SiteBaseline) -> String {
    let (budget, sure) = (100.0 * site.budget, 100.0 * site.confidence);
    let trimmed = match site.trimmed {
        0 => String::new(),
        n => {
            format!("; of it {:.2} % for the {} highest flows, which may be attacks", share(n, site.rows), thousands(n))
        }
    };
    let few = site.units.as_ref().and_then(few_hosts).map_or_else(String::new, |few| format!("; {few}"));
    let groups = site.groups.map_or_else(String::new, |groups| {
        let (rate, share) = (100.0 * groups.false_positive_rate, 100.0 * groups.share);
        format!("; chosen as ≤ {rate:.2} % in {share:.0} % of the {}", groups.by.groups())
    });
    format!("FPR ≤ {budget:.2} % at {sure:.0} % confidence, for traffic like this site's{trimmed}{few}{groups}")
}

/// A base rate to tell a precision by, where nobody knows the site's: one flow in so many is an attack.
const ONE_IN: u32 = 1_000;

/// What a site's promise is in alerts a day.
pub(crate) fn site_alerts(site: &SiteBaseline) -> Option<String> {
    let day = site.per_day?;
    let told = if day.stated { "stated" } else { "by their times" };
    let flows = thousands(day.flows.round() as u64);
    let alerts = a_day(day.flows * site.budget);
    let chosen = site.choice.as_ref().and_then(|choice| choice.candidates.iter().find(|one| one.name == choice.chosen));
    let right = chosen.and_then(|one| implied_precision(one.recall, site.budget, 1.0 / f64::from(ONE_IN)));
    let right = right.map_or_else(String::new, |right| {
        let one_in = thousands(ONE_IN.into());
        format!("; were one flow in {one_in} an attack of those kinds, {:.0} % of alerts would be right", 100.0 * right)
    });
    Some(format!("up to {alerts} false ones a day of {flows} flows ({told}){right}"))
}

/// The verdicts that a threshold rests on.
pub(crate) fn verdicts(told: &FromVerdicts) -> String {
    let without = match told.without {
        0 => String::new(),
        n => format!(", {} of them without a verdict", thousands(n)),
    };
    let (alerts, wrong, flows) = (thousands(told.alerts), thousands(told.false_alarms), thousands(told.flows));
    format!("{alerts} alerts of {flows} flows, {wrong} of them false{without}")
}

/// What they promise.
pub(crate) fn verdict_promise(told: &FromVerdicts) -> String {
    let kept = if told.promised <= told.budget { "" } else { ", MORE than that" };
    let worth = match (told.hosts, told.effective_rows) {
        (Some(hosts), Some(worth)) => format!(
            ": false alarms of {}, as much as {} independent flows show",
            if hosts == 1 { "one host".to_owned() } else { format!("{} hosts", thousands(hosts)) },
            thousands(worth.floor().max(1.0) as u64)
        ),
        _ => ", were the flows independent (the table names no host)".to_owned(),
    };
    format!(
        "FPR ≤ {} % at {:.0} % confidence was asked for; by these verdicts ≤ {} %{kept}{worth}",
        rate(told.budget),
        100.0 * told.confidence,
        rate(told.promised)
    )
}

/// A share in per cent with the digits that it takes.
fn rate(share: f64) -> String {
    let percent = 100.0 * share;
    if percent >= 0.1 { format!("{percent:.2}") } else { format!("{percent:.4}") }
}

/// Where a promise is larger than what was asked, or for few hosts: why.
fn few_hosts(units: &SiteUnits) -> Option<String> {
    let worth = thousands(units.effective_rows.floor().max(1.0) as u64);
    match (units.by, units.hosts) {
        (UnitKind::Hosts, _) => Some(format!(
            "{} hosts stand for those that are not among them, and promise as much as {worth} independent flows; where the site \
             has no others, `--all-hosts`",
            units.n
        )),
        (UnitKind::Stretches, Some(1)) if !units.all_hosts => {
            Some("its flows are of one host, and promise nothing for another".to_owned())
        }
        _ => None,
    }
}

/// The flows of a site's baseline, and what they are good for.
pub(crate) fn site(site: &SiteBaseline) -> String {
    let verified = if site.verified { "verified" } else { "unverified" };
    let joined = match site.weight {
        0.0 => "they set thresholds alone".to_owned(),
        weight => {
            let joined = if site.joined.is_empty() { "density".to_owned() } else { site.joined.join(" and ") };
            format!("each counts like {weight} training flows in the {joined}")
        }
    };
    let (rows, supported) = (thousands(site.rows), 100.0 * site.supported);
    let accepted = match site.accepted {
        0 => String::new(),
        n => format!("; {} of them score like known attacks", thousands(n)),
    };
    let kept = site.kept.as_ref().map_or_else(String::new, site_kept);
    let units = site.units.as_ref().map_or_else(String::new, |units| alike(units, site.rows - site.trimmed));
    format!(
        "{rows} {verified} flows{units}{kept}, {joined}; they support a budget of {supported:.2} % or more{accepted}"
    )
}

/// Of how many hosts the flows are, and how many independent ones they are worth where neighbours are alike.
fn alike(units: &SiteUnits, rows: u64) -> String {
    let hosts = match units.hosts {
        Some(1) => " of one host".to_owned(),
        Some(n) => format!(" of {} hosts", thousands(n)),
        None => String::new(),
    };
    let worth = units.effective_rows.floor().max(1.0) as u64;
    match (units.by, worth < rows) {
        (UnitKind::Stretches, true) => {
            format!(
                "{hosts}, whose alarms come together in time and tell as much as {} independent flows",
                thousands(worth)
            )
        }
        _ => hosts,
    }
}

/// What the hybrid is at a site, and what the candidates find of known attacks there.
pub(crate) fn site_choice(choice: &SiteChoice) -> String {
    let told = |c: &SiteCandidate| format!("{} {:.1} %", one_line(&c.name), 100.0 * c.recall);
    let candidates: Vec<String> = choice.candidates.iter().map(told).collect();
    let rivals = match choice.rivals {
        0 | 1 => String::new(),
        n => {
            format!("; halves of the flows choose {n} different ones")
        }
    };
    let of = if choice.out_of_bag { "by trees that have not drawn them" } else { "held out of training" };
    let unjudged = match &choice.unjudged[..] {
        [] => String::new(),
        names => format!("; no fusion with {} was judged, for it has learned them all", one_line(&names.join(" or "))),
    };
    format!(
        "{}, chosen by what each finds, at the site's threshold, of {} attacks {of}: {}{unjudged}{rivals}",
        one_line(&choice.chosen),
        thousands(choice.attacks),
        candidates.join(", ")
    )
}

/// Where the flows of a retrained version come from.
fn site_kept(kept: &SiteKept) -> String {
    let part = |n: u64, words: &str| if n == 0 { String::new() } else { format!(", {} {words}", thousands(n)) };
    let (fresh, left_out) = (part(kept.fresh, "of them fresh ones"), part(kept.left_out, "left out, for they train"));
    format!(" (the baseline of {}{fresh}{left_out})", kept.from)
}

fn share(n: u64, of: u64) -> f64 {
    100.0 * n as f64 / of.max(1) as f64
}

/// What a model's promise is worth for a scored file.
pub(crate) fn promise_here(promise: &ScorePromise) -> String {
    let budget = format!("FPR ≤ {:.2} %", 100.0 * promise.budget);
    let like = if promise.of_site { "traffic like its site's baseline" } else { "traffic like the training file's" };
    let columns: Vec<String> =
        promise.moved.iter().take(3).map(|column| format!("{} {:.2}", one_line(&column.name), column.psi)).collect();
    let here = match promise.holds {
        Some(true) => "the unflagged flows here are spread alike".to_owned(),
        Some(false) => format!("NOT HERE: the unflagged flows moved (PSI of {})", listed(&columns)),
        None => "too few flows here, or too old a model, to tell whether these are".to_owned(),
    };
    format!("{budget} for {like}; {here}")
}

/// What a scored file's alerts are a day, and how many of them are right at least where the promise holds.
pub(crate) fn alerts_here(promise: &ScorePromise) -> Option<String> {
    let day = promise.per_day?;
    let [alerts, flows, wrong] =
        [day.alerts, day.flows, day.flows * promise.budget].map(|n| thousands(n.round() as u64));
    if day.alerts <= 0.0 {
        return Some(format!("none of {flows} flows a day"));
    }
    let right = 100.0 * (1.0 - day.flows * promise.budget / day.alerts).max(0.0);
    Some(format!(
        "{alerts} a day of {flows} flows; where the promise holds at most {wrong} are false, so at least {right:.0} % are right"
    ))
}

/// The columns with values that the model has not learned from.
pub(crate) fn outside(promise: &ScorePromise) -> Option<String> {
    let of = |column: &Outside| format!("{} in {:.1} % of flows", one_line(&column.name), 100.0 * column.share);
    let columns: Vec<String> = promise.outside.iter().take(3).map(of).collect();
    (!columns.is_empty()).then(|| format!("values that it has not learned from: {}", listed(&columns)))
}

/// From when until when flows began, and how that was read.
pub(crate) fn span(read: &TimeRead) -> String {
    let how = one_line(&format!("{} read as {}", read.column, read.read_as)).replace('`', "");
    match (read.from.strip_suffix('Z'), read.until.strip_suffix('Z')) {
        (Some(from), Some(until)) => {
            format!("{} to {} UTC ({how})", from.replace('T', " "), until.replace('T', " "))
        }
        _ => format!("{} to {} ({how})", read.from, read.until),
    }
}

/// A moment of traffic, to the minute.
pub(crate) fn moment(micros: i64) -> String {
    timestamp(micros).replace('T', " ").chars().take(16).collect()
}

fn partition(parts: &[PartSize]) -> String {
    let sizes: Vec<String> = parts.iter().map(|p| format!("{} {}", p.part, thousands(p.rows))).collect();
    let sizes = sizes.join(" · ");
    match parts.last() {
        Some(test) if test.copies > 0 => {
            let share = 100.0 * test.copies as f64 / test.rows.max(1) as f64;
            format!("{sizes}\n{} test flows stand in train ({share:.1} %)", thousands(test.copies))
        }
        _ => sizes,
    }
}

/// What was chosen by families left out of training, and what the plain average finds of them.
pub(crate) fn left_out(found: &LeaveOut) -> Option<String> {
    let name = found.chosen.as_deref().or_else(|| found.best())?;
    let rates = |name: &str| {
        let found = found.candidates.get(name)?;
        let rate = |rate: Option<f64>, of: &str| rate.map(|rate| format!("{} of {of}", in_percent(rate)));
        let rates = [rate(found.unseen, "families left out"), rate(found.known, "further attacks of known ones")];
        Some(format!("{name} finds {}", rates.into_iter().flatten().collect::<Vec<_>>().join(" and ")))
    };
    let beside = if name == AVERAGE { None } else { rates(AVERAGE) };
    let beside = beside.map_or_else(String::new, |beside| format!("; {beside}"));
    Some(format!("{}{beside}, at 1 % false positives on training flows", rates(name)?))
}

fn in_percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn combined(combine: &str) -> String {
    match combine {
        "weighted" => "weighted average".to_owned(),
        "surprise" | "surprise_of" => "sum of surprises".to_owned(),
        other => other.replace('_', " "),
    }
}

fn scored(rows: u64, flagged: u64, sorted: bool, seconds: f64) -> String {
    let rate = thousands((rows as f64 / seconds.max(1e-9)) as u64);
    let order = if sorted { " · put in order of flow end first, written in the file's own order" } else { "" };
    format!("{} flows, {} flagged · {rate} flows/s{order}", thousands(rows), thousands(flagged))
}

/// What stands beside a bar.
pub(crate) fn progress(done: u64, total: Option<u64>, unit: Unit) -> String {
    let counted = match unit {
        // A bar of its own says enough.
        Unit::BytesRead | Unit::StepsTrained => return String::new(),
        Unit::FlowsSimulated => "flows",
        Unit::MembersFitted => "members fitted",
        Unit::TreesGrown => "trees",
        Unit::PairsCounted => "pairs of columns",
        Unit::FeaturesShuffled => "features shuffled",
        Unit::FlowsScored => "flows scored",
        Unit::FlowsSorted => "flows put in order",
        Unit::FlowsWritten => "flows written",
        Unit::FlowsProved => "flows through graph and model",
        Unit::RunsSent => "runs looked at",
    };
    match total {
        Some(_) => counted.to_owned(),
        None => format!("{} {counted}", thousands(done)),
    }
}

/// What is waited for, and how not to.
pub(crate) fn wait(what: &Awaited<'_>) -> String {
    match what {
        Awaited::Pipe { name, bytes } => format!("for the end of the pipe {name}, {} bytes so far", thousands(*bytes)),
        Awaited::Folder { path, holder } => {
            let whose = holder.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
            format!("for {}, which {whose} is writing to", path.display())
        }
    }
}

/// `train: `, or nothing where there is one source.
fn of(role: &str) -> String {
    if role.is_empty() { String::new() } else { format!("{role}: ") }
}

/// A column that is not read under its name, or not at all.
fn odd_column(column: &OddColumn) -> String {
    match column {
        OddColumn::Unread { name, kind } => format!("column `{name}` is of kind {kind} and not read"),
        OddColumn::Doubled { name, place, read_as, rows_compared, rows_equal, is_passed_over } => {
            let cells = match (*rows_compared, rows_compared - rows_equal) {
                (0, _) => String::new(),
                (n, 0) => format!(", with equal cells in the first {} rows", thousands(n)),
                (n, differ) => {
                    format!(", with other cells in {} of the first {} rows", thousands(differ), thousands(n))
                }
            };
            let then = if *is_passed_over { ", which the schema does not name" } else { "" };
            format!("column `{name}` stands twice in the header{cells}; column {place} is called `{read_as}`{then}")
        }
    }
}

/// Something worth knowing, as a sentence.
pub(crate) fn remark(remark: &Remark) -> String {
    match remark {
        Remark::ScoringGoesOn { rows } => {
            format!("going on behind {} flows that the call before read and prepared or scored", thousands(*rows))
        }
        Remark::NothingToResume => "nothing to resume: no interrupted run of this config; starting afresh".to_owned(),
        Remark::RowsIgnored { role, rows } => {
            format!("{role}: {} rows are left out by the schema's `label.ignore`", thousands(*rows))
        }
        Remark::RowsUnlabelled { role, instead } => {
            let rows = instead.values().sum();
            let holds = unlabelled(instead).join(", ");
            format!(
                "{role}: {} without a label left out ({holds}); if that means benign, list it under `label.benign`",
                counted(rows, "row", "rows")
            )
        }
        Remark::LabelsJoined { role, joined: found } => format!("{role}: {}", joined(found)),
        Remark::FilesLabelled { role, labels } => {
            let told = labels.iter().map(|l| {
                let class = if l.label == l.class { String::new() } else { format!(" ({})", l.class) };
                format!("{}{class}: {} flows of {}", l.label, thousands(l.rows), counted(l.files, "file", "files"))
            });
            format!("{role}: labels by file: {}", told.collect::<Vec<_>>().join(" · "))
        }
        Remark::RowsSetAside { role, rows, file } => {
            format!("{role}: {} rows cannot be read and were set aside, see {file}", thousands(*rows))
        }
        Remark::LinesLeftOut { role, left_out } => {
            let kinds: Vec<String> = left_out.kinds().map(|(n, what)| format!("{} {what}", thousands(n))).collect();
            format!("{}left out, for they hold no flow: {}", of(role), kinds.join(", "))
        }
        Remark::OddColumn { role, column } => format!("{}{}", of(role), odd_column(column)),
        Remark::MoreOddColumns { role, more } => {
            format!("{}{} more columns stand twice or are of kinds that are not read", of(role), thousands(*more))
        }
        Remark::Drafted { note } => note.clone(),
        Remark::ColumnsAbsent { role, columns } => format!("{role}: the files lack {}", listed(columns)),
        Remark::GiveAway { finding, accepted } => give_away(finding, *accepted),
        Remark::StrongColumns { columns } => strong(columns),
        Remark::TimesShuffled { role, file } => format!(
            "{role}: the times in {file} neither rise nor fall, and `order: file` takes its rows as they stand; \
             `order: end_time` sorts them"
        ),
        Remark::FilesListedLate { role, file, after } => format!(
            "{role}: {file} ends before {after} begins and is read after it, as `order: file` says; list the files by time, \
             or use `order: end_time`, unless their hosts have nothing to do with each other"
        ),
        Remark::TestIsOlder => {
            "all test flows are older than the training flows: the future is learned from, the past judged".to_owned()
        }
        Remark::Partition { text } => text.clone(),
        Remark::Settled(settled) => self::settled(settled),
        Remark::ColumnDropped { column, reason } => format!("column `{column}` is left out: {reason}"),
        Remark::ValidationKeepsCopies => {
            "the validation part keeps rows that also stand in train: without them it lacks a class".to_owned()
        }
        Remark::NoGpu { reason } => format!("`lstm.device: auto` takes the CPU: {reason}"),
        Remark::ImportancesSkipped { reason } => {
            format!("what features are worth on held-out flows is not measured: {reason}")
        }
        Remark::NotTracked { why } => format!("not tracked: {why}"),
        Remark::NotDelivered { run, remaining, why } => {
            let why = why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            format!("tracking: {remaining} not delivered, `nta sync {run}` sends them{why}")
        }
        Remark::NotObserved { why } => format!("what was seen of the promise is not kept: {why}"),
        Remark::NotReplayed { version, why } => format!("what {version} learned from is not learned again: {why}"),
        Remark::LeftBehind { reason } => format!("{reason}; the next run tries again"),
        Remark::Threshold { score, reason } => format!("{score}: {reason}"),
    }
}

/// What a key became that was left to the data.
pub(crate) fn settled(settled: &Settled) -> String {
    let key = &settled.key;
    let value = one_line(&settled.value);
    match settled.benign_rows {
        None => format!("chosen by the data: `{key}: {value}`"),
        Some(rows) => {
            let rows = thousands(rows);
            format!("chosen by the data: `{key}: {value}`, which the {rows} benign rows of the threshold part support")
        }
    }
}

/// A feature that gives the label away.
pub(crate) fn give_away(finding: &Finding, accepted: bool) -> String {
    let accepted = if accepted { ", accepted" } else { "" };
    format!("column `{}`{accepted}: {}", finding.column, finding.why)
}

/// Measurements that tell the classes apart by themselves.
pub(crate) fn strong(columns: &[Strong]) -> String {
    let right = |s: &Strong| s.alone.balanced_accuracy().unwrap_or_default() * 100.0;
    let columns: Vec<String> = columns.iter().map(|s| format!("{} {:.1} %", s.column, right(s))).collect();
    format!("alone, held out, columns tell attacks from benign flows (balanced accuracy): {}", listed(&columns))
}

/// What stands before a remark.
pub(crate) fn head(remark: &Remark) -> &'static str {
    if matches!(remark, Remark::GiveAway { .. }) { "give-away" } else { "note" }
}

/// What was found in a second file of labels.
pub(crate) fn joined(joined: &Joined) -> String {
    let total = joined.labelled + joined.unmatched + joined.ambiguous;
    let (labelled, file, by) = (thousands(joined.labelled), &joined.file, joined.by.join(", "));
    let within = joined.tolerance_micros.map(|micros| format!(" within {} s", micros as f64 / 1e6)).unwrap_or_default();
    let mut said = format!("{labelled} of {} flows have a label in {file}, by {by}{within}", thousands(total));
    for (rows, why) in [
        (joined.by_default, "in no window, by default"),
        (joined.unmatched, "not found there"),
        (joined.ambiguous, "left open: several labels that differ are near in time"),
    ] {
        if rows > 0 {
            said += &format!("; {} {why}", thousands(rows));
        }
    }
    let windows = joined.windows.iter();
    let empty: Vec<String> =
        windows.filter(|w| w.rows == 0).map(|w| format!("line {} ({})", w.line, w.label)).collect();
    if !empty.is_empty() {
        said += &format!("; no flow lies in {}", listed(&empty));
    }
    said
}

/// What stands where a label should, with its rows, the most frequent first; at most five.
pub(crate) fn unlabelled(instead: &BTreeMap<String, u64>) -> Vec<String> {
    let mut texts: Vec<(&String, &u64)> = instead.iter().collect();
    texts.sort_by(|a, b| b.1.cmp(a.1));
    let shown = |text: &str| if text.is_empty() { "an empty cell".to_owned() } else { format!("`{text}`") };
    texts.into_iter().take(5).map(|(text, rows)| format!("{} × {}", shown(text), thousands(*rows))).collect()
}

fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(n), if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_in_the_test_part_are_told_on_a_line_of_their_own() {
        let part = |part: &str, copies| PartSize { part: part.to_owned(), rows: 2_000, benign: 0, attacks: 0, copies };
        let parts = vec![part("train", 0), part("test", 50)];
        let said = outcome(&Outcome::Partition { parts }, 0.1);
        assert_eq!(said, "train 2,000 · test 2,000\n50 test flows stand in train (2.5 %)");
        let alone = outcome(&Outcome::Partition { parts: vec![part("train", 0)] }, 0.1);
        assert_eq!(alone, "train 2,000");
    }

    #[test]
    fn what_has_no_end_is_counted_and_what_has_one_is_named() {
        assert_eq!(progress(65_536, None, Unit::FlowsWritten), "65,536 flows written");
        assert_eq!(progress(7, Some(100), Unit::TreesGrown), "trees");
        assert_eq!(progress(7, None, Unit::BytesRead), "");
    }

    #[test]
    fn a_stage_says_the_number_that_matters() {
        let forest = Outcome::Forest { trees: 100, out_of_bag_auc: None };
        assert_eq!(outcome(&forest, 1.0), "100 trees · out-of-bag AUC none");
        let scored = Outcome::Score { rows: 3_000, flagged: 12, sorted: false };
        assert_eq!(outcome(&scored, 2.0), "3,000 flows, 12 flagged · 1,500 flows/s");
    }
}
