//! What an alert carries of its flow: the columns of the log that people and tools follow it by.

use nta_ingest::RawBatch;
use nta_model::Model;

/// Names under which logs keep what an alert carries.
const SRC_PORT: [&str; 6] = ["id.orig_p", "id_orig_p", "src_port", "Sport", "sport", "Src Port"];
const DST_PORT: [&str; 7] = ["id.resp_p", "id_resp_p", "dest_port", "dst_port", "Dport", "dsport", "Dst Port"];
const PROTO: [&str; 3] = ["proto", "Proto", "Protocol"];

/// A column of text, or nothing.
pub(super) struct Texts(Vec<Option<String>>);

impl Texts {
    fn of(raw: &RawBatch, names: &[&str]) -> Texts {
        Texts(names.iter().find_map(|name| raw.texts(name)).unwrap_or_default())
    }

    pub(super) fn get(&self, i: usize) -> String {
        self.0.get(i).cloned().flatten().unwrap_or_default()
    }
}

/// What an alert carries of its flow.
pub(super) struct Carried {
    pub(super) src: Texts,
    pub(super) dst: Texts,
    pub(super) src_port: Texts,
    pub(super) dst_port: Texts,
    pub(super) proto: Texts,
    pub(super) uid: Texts,
    pub(super) flow_id: Texts,
    pub(super) community_id: Texts,
}

impl Carried {
    pub(super) fn of(model: &Model, raw: &RawBatch) -> Carried {
        let entity = &model.schema.entity;
        let host = |column: &Option<String>| {
            let names = column.iter().flat_map(|name| {
                let aliases = model.schema.aliases.get(name).into_iter().flatten();
                std::iter::once(name.as_str()).chain(aliases.map(String::as_str))
            });
            let mut names: Vec<String> = names.map(str::to_owned).collect();
            names.extend(names.clone().iter().map(|name| name.replace('.', "_")));
            Texts::of(raw, &names.iter().map(String::as_str).collect::<Vec<_>>())
        };
        Carried {
            src: host(&entity.src),
            dst: host(&entity.dst),
            src_port: Texts::of(raw, &SRC_PORT),
            dst_port: Texts::of(raw, &DST_PORT),
            proto: Texts::of(raw, &PROTO),
            uid: Texts::of(raw, &["uid"]),
            flow_id: Texts::of(raw, &["flow_id"]),
            community_id: Texts::of(raw, &["community_id"]),
        }
    }
}
