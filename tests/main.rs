//! What crosses crates, tested through the real binary or over the whole workspace. A module a topic:
//!
//! - `arrows`: who may depend on whom, and that no foreign type crosses a crate's border
//! - `baseline`: benign flows of a site make a promise for that site
//! - `captures`: packets are metered, scored and learned from
//! - `compare`: runs that judged other rows are told from runs that differ, and the page stands alone
//! - `damaged_parquet`: a damaged file ends in one line of ours
//! - `density`: a third member by a key, trained, saved, scored, explained and published
//! - `determinism`: threads and batches change no bit
//! - `doctor`: what this machine offers is listed, and what it lacks is refused with a remedy
//! - `drift`: traffic that has moved is told from traffic that has not
//! - `events`: what a run told stands in its folder as data
//! - `features`: a build for use and one for tests share their libraries
//! - `full_disk`: where there is no room, the file and the remedy are named and nothing is left
//! - `give_aways`: a column that gives the label away stops a run, an honest one that is strong does not
//! - `hostile_names`: names that a file brings are shown, and neither obeyed nor computed
//! - `hostile_yaml`: a config or schema that nobody writes by hand is read, or refused in one line
//! - `importances`: what features are worth on held-out flows is found by a run and told
//! - `inbox`: a watch's alerts are marked, suppressed and found again after a restart of server and watch
//! - `init`: from files to a config that runs as it is, and every guess has its line
//! - `inputs`: a pipe scores as its file does, and a file that changes while it is scored is refused
//! - `interrupts`: a command told to stop says so by its exit code and leaves nothing
//! - `keys`: every key of a config changes what comes out
//! - `labels`: labels that are missing, given to files, told by a second file, or by analysts; files written otherwise
//! - `leave_out`: families left out of training choose what a run ships, and no test row plays a part
//! - `large_files`: the first answer on large files comes from a sample, and says so
//! - `live`: a pipe, a rotated file and a snapshot score as the whole file does, as they come
//! - `mutations`: whatever stands in a file, it is read or refused without a panic
//! - `odd_files`: lines without a flow are counted, and told of wherever rows are
//! - `outputs`: nothing but a regular file is replaced by a command's output
//! - `promotions`: a version becomes champion, goes back and is let go, and the log tells who, when and why
//! - `publish`: a published model says in its graph what it says here, and what is changed afterwards is found
//! - `published_memory`: Python forgets a host where nta does
//! - `quickstart`: the README's first command, and what it must show
//! - `refusals`: bad input is refused with file, line and remedy, and leaves nothing
//! - `retraining`: a challenger from fresh traffic takes over where it is better beyond chance, once, and else nothing changes
//! - `scoring`: `nta score` says what the run said, on simulated and real traffic
//! - `sequences`: hosts far longer than a training sequence stay sound
//! - `supply`: licences, sources and versions of what Cargo.lock names, against deny.toml and THIRD-PARTY-NOTICES
//! - `times`: times are read rightly, whatever their unit and format, or the question is put
//! - `tracking`: a run is told to a tracking server once, and waits for none
//! - `waiting`: who waits for a pipe or a lock is told, and the first signal ends it
//! - `watch`: over restarts, rotations and kills every flow is scored once and every alert written once, and sent on
//! - `web`: a file sent to `nta serve` is scored and looked at, and what is not its own is refused

mod arrows;
mod baseline;
mod captures;
mod compare;
mod cross_fit;
mod damaged_parquet;
mod density;
mod determinism;
mod doctor;
mod drift;
mod events;
mod fake_mlflow;
mod features;
mod full_disk;
mod give_aways;
mod hostile_names;
mod hostile_yaml;
mod importances;
mod inbox;
mod init;
mod inputs;
mod interrupts;
mod keys;
mod labels;
mod large_files;
mod leave_out;
mod live;
mod mutations;
mod nta;
mod odd_files;
mod outputs;
mod promotions;
mod publish;
mod published_memory;
mod quickstart;
mod refusals;
mod retraining;
mod scoring;
mod sequences;
mod supply;
mod times;
mod tracking;
mod waiting;
mod watch;
mod web;
