//! Flows as lines of a Zeek log, with all columns.

use crate::columns::COLUMNS;
use crate::flow::Flow;

/// The lines before the first flow.
pub fn zeek_header() -> String {
    let mut fields = String::from("#fields");
    let mut types = String::from("#types");
    for column in &COLUMNS {
        fields.extend(["\t", column.name]);
        types.extend(["\t", column.zeek_type]);
    }
    format!(
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n{fields}\n{types}\n"
    )
}

/// Appends a flow's line.
pub fn zeek_line(flow: &Flow, line: &mut Vec<u8>) {
    for (place, column) in COLUMNS.iter().enumerate() {
        if place > 0 {
            line.push(b'\t');
        }
        (column.value)(flow).push_to(line);
    }
    line.push(b'\n');
}
