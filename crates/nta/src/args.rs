//! What the user types.

mod baseline;
mod models;
mod retrain;
mod serve;
mod verdicts;
mod watch;
mod written;

pub(crate) use baseline::BaselineArgs;
pub(crate) use models::{GcArgs, ModelsCommand, PromoteArgs, RollbackArgs};
pub(crate) use retrain::RetrainArgs;
pub(crate) use serve::{ServeArgs, ServeCommand, UserCommand};
pub(crate) use verdicts::VerdictsArgs;
pub(crate) use watch::WatchArgs;
pub(crate) use written::{LabelsArgs, WrittenArgs};

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use nta_pipeline::{BadRows, BadRowsConfig, BadRowsWord, ColumnRole};

const EXAMPLES: &str = "\
Examples:
  nta run configs/quickstart.yaml               simulated traffic: three judged models and a report in a minute
  nta init flows.csv --run                      a config for a file of your own, and what comes of it
  nta run configs/ctu13.yaml --set seed=1 --set forest.trees=500
  nta runs                                      what was run, newest first
  nta score ctu13 flows.csv -o scored.csv       the newest ctu13 model on new traffic

Exit codes: 0 done, 1 the job failed, 2 bad usage, config or input, 3 a gate said no, 130 or 143 stopped by a signal.";

/// Trains, judges and ships intrusion detectors for network traffic.
#[derive(Debug, Parser)]
#[command(name = "nta", version, about, after_help = EXAMPLES, max_term_width = 120)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Flags that every command takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Results as JSON on standard output.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// No progress; results and errors only.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Folder for experiments/ and models/; NTA_HOME, else the project root, when not given.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// Threads to compute with; all cores when not given. Results do not depend on it.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train and judge: one YAML in, three judged models and a report out.
    #[command(after_help = "\
Examples:
  nta run configs/nsl-kdd.yaml
  nta run configs/nsl-kdd.yaml --dry-run        rows, parts, columns, memory and time, nothing trained
  nta run configs/nsl-kdd.yaml --resume         go on with this config's last interrupted run
  nta run configs/nsl-kdd.yaml --set lstm.sequence.length=1 --set name=nsl-kdd-length-1")]
    Run(RunArgs),
    /// Make a config for files of your own: columns recognised, or a schema drafted, and every guess named with its line.
    #[command(after_help = "\
Examples:
  nta init flows.csv                            configs/flows.yaml (or ./flows.yaml), to be run
  nta init flows.csv --run                      from a file to a judged model
  nta init flows.csv --as verdict=label --benign ok --as session=ignored
  nta init KDDTrain+.txt --test KDDTest+.txt -o kdd.yaml
  nta init monday.csv tuesday.csv -o week.yaml --json")]
    Init(InitArgs),
    /// List runs, newest first.
    Runs {
        /// Those of the tracking server in place of this project's.
        #[arg(long)]
        remote: bool,
    },
    /// Show one run: stages, members against hybrid, promise, files.
    #[command(after_help = "Examples:\n  nta show 20261122-101503-k7f2\n  nta show latest\n  nta show ctu13")]
    Show {
        /// Run id or the beginning of one, an experiment's name (its newest run), or `latest`.
        run: String,
    },
    /// Runs side by side: metrics, and what differs between their configs.
    #[command(after_help = "\
Examples:
  nta compare ctu13 latest
  nta compare ctu13 20261122-10 20261123-09 --baseline ctu13 -o compare.html     a page: seeds folded, paired intervals")]
    Compare(CompareArgs),
    /// Send to the tracking server what it lacks of runs, once.
    #[command(after_help = "\
Examples:
  nta sync                                      every tracked run that is not wholly there
  nta sync latest --to http://127.0.0.1:5000    one run, also one that was not tracked")]
    Sync(SyncArgs),
    /// Score a file of flows with a model; the file may be of any size.
    #[command(after_help = "\
Examples:
  nta score ctu13 today.binetflow -o scored.csv
  nta score ctu13 today.binetflow -o scored.csv --explain 5
  nta score ctu13 monday.csv 'week/*.csv.gz' -o flagged.jsonl.gz --only-flagged --summary
  nta score ctu13 year.csv -o scored.csv --resume                     the same call goes on where it was, killed or not
  nta score models:/ctu13@champion today.binetflow -o scored.csv      as published on the tracking server
  nta score models/nsl-kdd/3 KDDTest+.txt.gz -o scored.parquet --json")]
    Score(ScoreArgs),
    /// Turn packet captures (pcap, pcapng, also packed) into flows: Zeek's columns and those that flow models use.
    #[command(after_help = "\
Examples:
  nta meter capture.pcap -o flows.parquet
  nta meter ring.pcap0 ring.pcap1 -o flows.csv      flows go on from one file to the next
  tcpdump -w - -U | nta meter -                     a Zeek log on standard output, as flows end
Columns and rules: docs/flow-meter.md. Every other command reads captures itself.")]
    Meter(MeterArgs),
    /// Score flows as they come, from growing logs, pipes and NetFlow ports, and write alerts as EVE lines.
    #[command(after_help = "\
Examples:
  nta watch office@champion /var/log/zeek/current/conn.log --alerts /var/log/nta/alerts.json
  nta watch office gate=/var/log/zeek/conn.log udp://0.0.0.0:2055 --alerts alerts.json --webhook http://soc.example/nta
  zcat conn.log.gz | nta watch office - --once")]
    Watch(WatchArgs),
    /// Set a model's thresholds by benign flows of your own site, and let it learn what is usual there: a promise for that site.
    #[command(after_help = "\
Examples:
  nta baseline ctu13 monday-benign.binetflow --verified
  nta baseline ctu13@champion first-hour.csv    nobody has looked at the flows: thresholds alone
  nta baseline nsl-kdd benign.csv --verified --budget 0.005")]
    Baseline(BaselineArgs),
    /// Pages in a browser: send a file, see what is flagged and why, train, compare. For this machine alone, until there are users
    /// or a token.
    #[command(after_help = "\
Examples:
  nta serve                                     http://127.0.0.1:8470
  nta serve user add anna --role work           asks for a password; from now on one logs in
  NTA_TOKEN=$(openssl rand -hex 16) nta serve --listen 0.0.0.0:8470")]
    Serve(ServeArgs),
    /// Hold fresh traffic against what a model was trained on: columns, scores, alerts, promise. Exits with 3 past a limit.
    #[command(after_help = "\
Examples:
  nta drift ctu13@champion today.binetflow
  nta drift ctu13 monday.csv tuesday.csv -o drift/     a page with every column, then and now")]
    Drift(DriftArgs),
    /// Train a challenger on fresh traffic, hold it against the champion, promote it by rule. Exits with 3 where the rule says no.
    #[command(after_help = "\
Examples:
  nta retrain office week-48.csv
  nta retrain office@champion /srv/flows/*.csv --no-promote
  nta retrain office week-48.csv --set retrain.minimum_gain=0.05 --set retrain.replay=0.3")]
    Retrain(RetrainArgs),
    /// Keep what analysts say of flows that a model judged, for its next training.
    #[command(after_help = "\
Examples:
  nta feedback ctu13@champion looked-at.csv     scored flows with a column `verdict`: false_alarm, benign, attack[:FAMILY]
  nta feedback ctu13 backups.csv --verdict false_alarm --why 'the backup host'
  nta feedback ctu13 --list")]
    Feedback(FeedbackArgs),
    /// Raise a model's threshold by verdicts on all alerts it raised, until the budget is kept; tells what may be promised then.
    #[command(after_help = "\
Examples:
  nta score office week.csv -o alerts.csv --only-flagged      then a column `verdict`: true or false
  nta verdicts office alerts.csv --flows 480000
  nta verdicts office@champion alerts.csv --flows 480000 --budget 0.0005")]
    Verdicts(VerdictsArgs),
    /// List the models and their versions with what they promised, and who was champion when.
    #[command(after_help = "\
Examples:
  nta models
  nta models show nsl-kdd@champion              lineage, data, metrics, promise
  nta models log nsl-kdd                        who moved which alias, when and why
  nta models unalias nsl-kdd@challenger")]
    Models {
        #[command(subcommand)]
        command: Option<ModelsCommand>,
    },
    /// Put a model into a folder that other tools load: ONNX, MLflow, Python, with proof that it says the same there.
    #[command(after_help = "\
Examples:
  nta publish nsl-kdd                           into artifacts/nsl-kdd/<version>
  nta publish ctu13@champion --rows today.binetflow
  nta publish ctu13/2 -o /srv/models/ctu13 --sign key.pem --licence CC-BY-4.0")]
    Publish(PublishArgs),
    /// Check a model: every digest, and the golden rows it was saved with; of a published one its graphs too.
    #[command(after_help = "\
Examples:
  nta verify nsl-kdd/3
  nta verify artifacts/nsl-kdd/3 --key publisher.pub.pem")]
    Verify(VerifyArgs),
    /// Point an alias of a model at a version, whole and checked.
    #[command(after_help = "\
Examples:
  nta promote nsl-kdd/3 --why 'finds twice as many scans'
  nta promote nsl-kdd --alias challenger        the newest version
  nta score nsl-kdd@champion today.csv -o scored.csv")]
    Promote(PromoteArgs),
    /// Point an alias back at the version where it was before; again, one further back.
    #[command(after_help = "Example:\n  nta rollback nsl-kdd --why 'flags the backup host'")]
    Rollback(RollbackArgs),
    /// Remove old versions that no alias, no rollback and no lineage needs.
    #[command(after_help = "Examples:\n  nta gc --dry-run\n  nta gc --keep 3")]
    Gc(GcArgs),
    /// Write simulated, labelled traffic as CSV.
    #[command(after_help = "Example:\n  nta simulate --seed 3 --set flows=5000 -o flows.csv")]
    Simulate(SimulateArgs),
    /// Column roles: list the built-in ones, show one, or draft one from a file.
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Check a config, or print the JSON Schema that editors complete from.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// What nta has to work with here: devices for the LSTM, vector unit, threads, memory, home.
    Doctor,
    /// Print whose libraries this program holds, and their licences.
    Notices,
    /// Print the completion script of a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The config, a YAML file.
    pub(crate) config: PathBuf,
    /// Override one key, e.g. `forest.trees=500`; may be given again.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Go on with an interrupted run: the last one of this config, or the one named (`--resume=RUN`).
    #[arg(long, value_name = "RUN", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) resume: Option<String>,
    /// Read and deal the rows, say what would be trained and what it would cost, train nothing. Files of more than 32 MB
    /// together are read at some places only.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Only measure, on the training part alone, what members and fusions find of attack families left out of training;
    /// train nothing, read no test row.
    #[arg(long, conflicts_with_all = ["dry_run", "resume"])]
    pub(crate) leave_out: bool,
    /// With `--dry-run`: read every row, however large the files are.
    #[arg(long, requires = "dry_run")]
    pub(crate) whole: bool,
    /// Exit with 3 when the promised false positive rate was not kept on the test part.
    #[arg(long)]
    pub(crate) require_promise: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// What to learn from: one file, or several of one layout.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// What to judge on, where it is a file of its own; else a part of FILE is kept for it.
    #[arg(long, value_name = "FILE")]
    pub(crate) test: Option<PathBuf>,
    /// The config to write, or the folder to write it into; the project's configs folder, else this one, when not given.
    #[arg(long, short, value_name = "CONFIG")]
    pub(crate) output: Option<PathBuf>,
    /// What a column is, in place of a guess; may be repeated. ROLE is label, family, time, duration, src, dst, number,
    /// category or ignored.
    #[arg(long = "as", value_name = "COLUMN=ROLE", value_parser = column_role)]
    pub(crate) columns: Vec<(String, ColumnRole)>,
    /// A label that means benign, in place of a guess; may be repeated.
    #[arg(long, value_name = "LABEL")]
    pub(crate) benign: Vec<String>,
    /// Replace files that are there.
    #[arg(long)]
    pub(crate) force: bool,
    /// Run the config at once.
    #[arg(long)]
    pub(crate) run: bool,
}

/// `COLUMN=ROLE`: names of columns may hold `=`, those of roles do not.
fn column_role(text: &str) -> Result<(String, ColumnRole), String> {
    let names = ColumnRole::ALL.map(ColumnRole::name).join(", ");
    let (column, role) =
        text.rsplit_once('=').ok_or_else(|| format!("write it as COLUMN=ROLE, with one of {names}"))?;
    let known = ColumnRole::ALL.into_iter().find(|known| known.name() == role);
    known.map(|known| (column.to_owned(), known)).ok_or_else(|| format!("`{role}` is none of {names}"))
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// Two or more runs, as in `nta show`; one is enough beside `--baseline`.
    #[arg(required = true, value_name = "RUN")]
    pub(crate) runs: Vec<String>,
    /// The run that the others are held against; the first when not given.
    #[arg(long, value_name = "RUN")]
    pub(crate) baseline: Option<String>,
    /// Write an HTML page in place of tables.
    #[arg(long, short, value_name = "PAGE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Runs as in `nta show`; every tracked run when none is given.
    #[arg(value_name = "RUN")]
    pub(crate) runs: Vec<String>,
    /// The server, in place of the one that each run began with.
    #[arg(long, value_name = "URI")]
    pub(crate) to: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ScoreArgs {
    /// A path, `name` (its newest version), `name/3` or `name@alias`; on the tracking server `models:/name/3` or
    /// `models:/name@alias`.
    pub(crate) model: String,
    /// CSV (also .gz, .zst), Parquet, Zeek conn.log, Suricata's eve.json, NetFlow or Argus binetflow: files and patterns,
    /// scored in their order; `-` for standard input. A pipe is read once.
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Where the scored rows go: .csv or .jsonl (also with .gz or .zst behind), or .parquet.
    #[arg(long, short, value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// Write flagged rows alone.
    #[arg(long)]
    pub(crate) only_flagged: bool,
    /// The input's columns to write beside the scores, in this order; all when not given.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) columns: Option<Vec<String>>,
    /// Show flows and flagged flows by family, by host and over time.
    #[arg(long)]
    pub(crate) summary: bool,
    /// Rows held at a time.
    #[arg(long, value_name = "ROWS", default_value_t = 8_192, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) batch: u32,
    /// The name of the sensor that saw the flows; the file's own name, without .gz or .zst, when not given. A host of
    /// two sensors is two hosts.
    #[arg(long, value_name = "NAME")]
    pub(crate) sensor: Option<String>,
    /// What becomes of rows that cannot be read: up to 1 % of them, and ten in any case, can be set aside, into
    /// OUT.rejects.jsonl.
    #[arg(long, value_enum, default_value_t = BadRowsArg::Refuse)]
    pub(crate) bad_rows: BadRowsArg,
    /// Say why: beside each flagged row the features that moved the forest's score most, with what each added or took
    /// (exact Shapley values), this many of them; with a density as a member, also so many columns that surprise it.
    #[arg(long, value_name = "FEATURES", num_args = 0..=1, default_missing_value = "3", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) explain: Option<u32>,
    /// Keep in OUT.resume what is done, and go on with what the same call kept there before it was interrupted or killed.
    #[arg(long)]
    pub(crate) resume: bool,
    /// How often that is kept; where it takes long, less often.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, requires = "resume")]
    pub(crate) save_every: f64,
    /// Exit with 3 unless the model is a published folder that was signed with this key's private half (PEM, Ed25519).
    #[arg(long, value_name = "KEY")]
    pub(crate) require_key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) labels: LabelsArgs,
    #[command(flatten)]
    pub(crate) written: WrittenArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PublishArgs {
    /// A path, `name` (its newest version), `name/3` or `name@alias`; on the tracking server `models:/name/3` or
    /// `models:/name@alias`, which needs --output.
    pub(crate) model: String,
    /// The folder to make; `artifacts/NAME/VERSION` when not given.
    #[arg(long, short, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Sign the folder with this private key (PEM, Ed25519): `openssl genpkey -algorithm ed25519 -out key.pem`.
    #[arg(long, value_name = "KEY")]
    pub(crate) sign: Option<PathBuf>,
    /// The terms under which the model is passed on, for its card.
    #[arg(long, value_name = "TEXT")]
    pub(crate) licence: Option<String>,
    #[command(flatten)]
    pub(crate) proof: ProofArgs,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// A path, `name`, `name/3` or `name@alias`, or the folder of a published model; on the tracking server `models:/name/3`
    /// or `models:/name@alias`.
    pub(crate) model: String,
    /// Exit with 3 unless the folder was signed with this key's private half (PEM, Ed25519).
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) proof: ProofArgs,
}

/// What the proof is made with, beside golden rows and 10,000 that the model has not seen.
#[derive(Debug, Args)]
pub(crate) struct ProofArgs {
    /// Prove it on the flows of this file too.
    #[arg(long, value_name = "FILE")]
    pub(crate) rows: Option<PathBuf>,
    /// Prove it in this onnxruntime too: its shared library, in Python's package under capi/.
    #[arg(long, value_name = "LIBRARY")]
    pub(crate) onnxruntime: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DriftArgs {
    /// A path, `name` (its newest version), `name/3` or `name@alias`; on the tracking server `models:/name/3` or
    /// `models:/name@alias`.
    pub(crate) model: String,
    /// The fresh traffic, as for `nta score`; labels are used where there are some.
    #[arg(required = true)]
    pub(crate) fresh: Vec<PathBuf>,
    /// Write drift.html, drift.json and the figure into this folder.
    #[arg(long, short, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Limit of a column's population stability index, in place of the model's own (`drift.psi` of its config).
    #[arg(long, value_name = "PSI")]
    pub(crate) psi: Option<f64>,
    /// How many times training's alert rate, or what part of it, is too many or too few.
    #[arg(long, value_name = "FACTOR")]
    pub(crate) alert_factor: Option<f64>,
    /// Share of the findings that may be found by chance.
    #[arg(long, value_name = "SHARE")]
    pub(crate) false_discovery: Option<f64>,
    /// The name of the sensor that saw the flows; each file's own name when not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) sensor: Option<String>,
    /// What becomes of rows that cannot be read: up to 1 % of them, and ten in any case, can be left out and counted.
    #[arg(long, value_enum, default_value_t = BadRowsArg::Refuse)]
    pub(crate) bad_rows: BadRowsArg,
    #[command(flatten)]
    pub(crate) written: WrittenArgs,
}

#[derive(Debug, Args)]
pub(crate) struct FeedbackArgs {
    /// The model that judged the flows: `name`, `name/3` or `name@alias`. What is kept belongs to the name.
    pub(crate) model: String,
    /// The flows as `nta score` wrote them, with a column `verdict`; rows without a verdict are passed over.
    #[arg(required_unless_present = "list", conflicts_with = "list")]
    pub(crate) file: Option<PathBuf>,
    /// One verdict on all flows of the file: `false_alarm`, `benign`, `attack` or `attack:FAMILY`.
    #[arg(long, value_name = "VERDICT", conflicts_with = "list")]
    pub(crate) verdict: Option<String>,
    /// A word on where the verdicts come from; kept with them.
    #[arg(long, value_name = "TEXT", conflicts_with = "list")]
    pub(crate) why: Option<String>,
    /// Show what is kept.
    #[arg(long)]
    pub(crate) list: bool,
    #[command(flatten)]
    pub(crate) written: WrittenArgs,
}

/// What becomes of rows that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BadRowsArg {
    /// The first one ends the scoring.
    Refuse,
    /// They are left out of the output.
    SetAside,
}

impl From<BadRowsArg> for BadRows {
    fn from(arg: BadRowsArg) -> Self {
        let word = match arg {
            BadRowsArg::Refuse => BadRowsWord::Refuse,
            BadRowsArg::SetAside => BadRowsWord::SetAside,
        };
        BadRowsConfig::Word(word).into()
    }
}

#[derive(Debug, Args)]
pub(crate) struct MeterArgs {
    /// Captures in the order of time; `-` is standard input, `interface://eth0` a network interface until it is interrupted.
    #[arg(required = true, value_name = "CAPTURE")]
    pub(crate) captures: Vec<PathBuf>,
    /// The table to write, by its ending: .parquet, .csv, .csv.gz, or a Zeek log, .log or .log.gz; a Zeek log on standard
    /// output when not given.
    #[arg(long, short, value_name = "FLOWS")]
    pub(crate) output: Option<PathBuf>,
    /// Seconds after which a TCP flow ends in which nothing comes.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) tcp_idle: u32,
    /// The same of UDP, ICMP and others.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) idle: u32,
    /// Give a flow that lasts so many seconds, and go on with another; never when not given, as Zeek.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) active: Option<u32>,
    /// Most flows at a time (about 1 KB each); then the one that was quiet for longest is ended early, and counted.
    #[arg(long, value_name = "FLOWS", default_value_t = 500_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_flows: u32,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// Seed; two seeds share no flow.
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,
    /// A setting of the simulator, e.g. `flows=5000`; may be given again.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Where to write; `-` is standard output.
    #[arg(long, short, value_name = "OUT", default_value = "-")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SchemaCommand {
    /// The built-in schemas.
    List,
    /// One schema as YAML.
    Show {
        /// A built-in name or a path.
        name: String,
    },
    /// Draft a schema from a file's columns, to be edited.
    Infer {
        /// The file to look at.
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Read a config and say whether it would run.
    Check {
        /// The config.
        config: PathBuf,
        /// Override one key.
        #[arg(long, value_name = "KEY=VALUE")]
        set: Vec<String>,
    },
    /// The JSON Schema of configs.
    Schema,
}
