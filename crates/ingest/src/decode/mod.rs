//! From one record to the fields of a flow: a file a format. Knows no file, so the same decoder serves files, pipes and
//! files that grow.

pub(crate) mod by_line;
pub(crate) mod cells;
pub(crate) mod decoder;
pub(crate) mod delimiter;
pub(crate) mod flat_json;
pub(crate) mod header_line;
pub(crate) mod line_blocks;
pub(crate) mod named_fields;
pub(crate) mod netflow_rows;
pub(crate) mod separated;
pub(crate) mod suricata_eve;
pub(crate) mod zeek_json;
pub(crate) mod zeek_tsv;
