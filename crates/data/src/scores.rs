//! The narrow waist: what a model says about some rows, column by column, each by its name. Nothing after it knows a
//! model, nothing before it knows a metric.

use crate::{DataError, RowId};

/// Name of the hybrid's column; no member may bear it.
pub const HYBRID: &str = "hybrid";

/// Name of the member whose score is a surprise `s` in nats, drawn into [0, 1) as s / (s + half).
pub const NOVELTY: &str = "novelty";

/// Bytes of a score and its flag in a record.
const COLUMN_BYTES: usize = size_of::<f32>() + 1;

/// What one member, or the hybrid, says about each row.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreColumn {
    /// `forest`, `lstm`, … as in the model, or [`HYBRID`].
    pub name: String,
    /// Probability of attack, `(n_rows)`, each in [0, 1].
    pub p_attack: Vec<f32>,
    /// Whether the row is flagged, `(n_rows)`.
    pub flags: Vec<bool>,
}

impl ScoreColumn {
    /// The column of these scores; `flags` tells which score flags its row.
    pub fn new(name: impl Into<String>, p_attack: Vec<f32>, flags: impl Fn(f32) -> bool) -> Self {
        let flags = p_attack.iter().map(|&score| flags(score)).collect();
        ScoreColumn { name: name.into(), p_attack, flags }
    }

    fn empty(name: impl Into<String>) -> Self {
        ScoreColumn { name: name.into(), p_attack: Vec::new(), flags: Vec::new() }
    }

    fn push(&mut self, score: f32, flag: bool) {
        self.p_attack.push(score);
        self.flags.push(flag);
    }

    fn reserve(&mut self, n_rows: usize) {
        self.p_attack.reserve_exact(n_rows);
        self.flags.reserve_exact(n_rows);
    }

    fn select(&self, rows: &[usize]) -> Self {
        ScoreColumn {
            name: self.name.clone(),
            p_attack: rows.iter().map(|&i| self.p_attack[i]).collect(),
            flags: rows.iter().map(|&i| self.flags[i]).collect(),
        }
    }
}

/// What a model says about some rows: a column for each member, by name, and always the hybrid's. Columns have one entry
/// a row; no name stands twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    rows: Vec<RowId>,
    members: Vec<ScoreColumn>,
    hybrid: ScoreColumn,
}

impl Scores {
    /// Scores of `rows`: the members' columns in the model's order, and the hybrid's, which gets its name here.
    ///
    /// # Errors
    /// A member's name that stands twice or is the hybrid's, a column that has not one entry a row.
    pub fn new(rows: Vec<RowId>, members: Vec<ScoreColumn>, hybrid: ScoreColumn) -> Result<Self, DataError> {
        let refuse = |why: String| Err(DataError::Scores { why });
        for (i, member) in members.iter().enumerate() {
            if member.name == HYBRID || members[..i].iter().any(|other| other.name == member.name) {
                return refuse(format!("two columns are called {}", member.name));
            }
        }
        for column in members.iter().chain([&hybrid]) {
            if (column.p_attack.len(), column.flags.len()) != (rows.len(), rows.len()) {
                let (scores, flags, rows) = (column.p_attack.len(), column.flags.len(), rows.len());
                return refuse(format!("{} has {scores} scores and {flags} flags for {rows} rows", column.name));
            }
        }
        Ok(Scores { rows, members, hybrid: ScoreColumn { name: HYBRID.to_owned(), ..hybrid } })
    }

    /// No rows yet: to [`append`](Scores::append) to, or to read records into.
    ///
    /// # Errors
    /// A member's name that stands twice or is the hybrid's.
    pub fn empty<'a>(members: impl IntoIterator<Item = &'a str>) -> Result<Self, DataError> {
        Scores::new(Vec::new(), members.into_iter().map(ScoreColumn::empty).collect(), ScoreColumn::empty(HYBRID))
    }

    /// The same rows and members under another fusion.
    ///
    /// # Errors
    /// A column that has not one entry a row.
    pub fn with_hybrid(self, hybrid: ScoreColumn) -> Result<Self, DataError> {
        Scores::new(self.rows, self.members, hybrid)
    }

    /// The rows, in the order of the scores.
    pub fn rows(&self) -> &[RowId] {
        &self.rows
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.rows.len()
    }

    /// The members' columns, in the model's order.
    pub fn members(&self) -> &[ScoreColumn] {
        &self.members
    }

    /// The column of the member `name`.
    pub fn member(&self, name: &str) -> Option<&ScoreColumn> {
        self.members.iter().find(|member| member.name == name)
    }

    /// The fused scores.
    pub fn hybrid(&self) -> &ScoreColumn {
        &self.hybrid
    }

    /// Every column: the members', then the hybrid's.
    pub fn columns(&self) -> impl Iterator<Item = &ScoreColumn> {
        self.members.iter().chain([&self.hybrid])
    }

    /// The column `name`, a member's or [`HYBRID`].
    pub fn column(&self, name: &str) -> Option<&ScoreColumn> {
        self.columns().find(|column| column.name == name)
    }

    /// Makes room for so many more rows, and no more.
    pub fn reserve(&mut self, n_rows: usize) {
        self.rows.reserve_exact(n_rows);
        self.columns_mut().for_each(|column| column.reserve(n_rows));
    }

    /// Puts the scores of later rows behind these.
    ///
    /// # Errors
    /// Other columns than these, or in another order: the scores of another model.
    pub fn append(&mut self, later: Scores) -> Result<(), DataError> {
        if !self.columns().map(|column| &column.name).eq(later.columns().map(|column| &column.name)) {
            let names = |scores: &Scores| scores.columns().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
            let why = format!("those of {} cannot stand behind those of {}", names(&later), names(self));
            return Err(DataError::Scores { why });
        }
        self.rows.extend(later.rows);
        for (to, from) in self.columns_mut().zip(later.members.into_iter().chain([later.hybrid])) {
            to.p_attack.extend(from.p_attack);
            to.flags.extend(from.flags);
        }
        Ok(())
    }

    /// The rows at the places `rows`, in that order.
    ///
    /// # Panics
    /// At a place beyond the last row.
    pub fn select(&self, rows: &[usize]) -> Scores {
        Scores {
            rows: rows.iter().map(|&i| self.rows[i]).collect(),
            members: self.members.iter().map(|member| member.select(rows)).collect(),
            hybrid: self.hybrid.select(rows),
        }
    }

    /// Bytes of one row's record: each column's score as little-endian f32, then each column's flag as 0 or 1.
    pub fn record_bytes(&self) -> usize {
        COLUMN_BYTES * self.columns().count()
    }

    /// Appends row `i` to `out` as a record of [`record_bytes`](Scores::record_bytes) bytes; which row it is stands not
    /// in it.
    pub fn write_record(&self, i: usize, out: &mut Vec<u8>) {
        self.columns().for_each(|column| out.extend_from_slice(&column.p_attack[i].to_le_bytes()));
        self.columns().for_each(|column| out.push(u8::from(column.flags[i])));
    }

    /// Puts the scores of `row` behind these, from its record.
    ///
    /// # Errors
    /// A record of another size.
    pub fn push_record(&mut self, row: RowId, record: &[u8]) -> Result<(), DataError> {
        if record.len() != self.record_bytes() {
            let (found, expected) = (record.len(), self.record_bytes());
            return Err(DataError::Scores { why: format!("a record has {found} bytes, not {expected}") });
        }
        self.rows.push(row);
        let (scores, flags) = record.split_at(record.len() / COLUMN_BYTES * size_of::<f32>());
        let (scores, _) = scores.as_chunks::<{ size_of::<f32>() }>();
        for ((column, score), &flag) in self.columns_mut().zip(scores).zip(flags) {
            column.push(f32::from_le_bytes(*score), flag == 1);
        }
        Ok(())
    }

    fn columns_mut(&mut self) -> impl Iterator<Item = &mut ScoreColumn> {
        self.members.iter_mut().chain([&mut self.hybrid])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(rows: std::ops::Range<u64>) -> Scores {
        let ids: Vec<RowId> = rows.map(|row| RowId { file: 0, row }).collect();
        let column = |name: &str, by: f32| {
            let p_attack = ids.iter().map(|id| (id.row as f32 * by).fract()).collect();
            ScoreColumn::new(name, p_attack, |score| score > 0.5)
        };
        let members = vec![column("forest", 0.17), column("lstm", 0.71)];
        let hybrid = column("any", 0.43);
        Scores::new(ids, members, hybrid).unwrap()
    }

    #[test]
    fn columns_are_found_by_name_and_the_hybrid_is_always_there() {
        let scores = scores(0..9);
        let names: Vec<&str> = scores.columns().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["forest", "lstm", HYBRID]);
        assert_eq!(scores.column("lstm"), Some(&scores.members()[1]));
        assert_eq!(scores.column(HYBRID), Some(scores.hybrid()));
        assert_eq!((scores.member(HYBRID), scores.member("gru")), (None, None));
        assert_eq!(Scores::empty(["forest"]).unwrap().hybrid().p_attack.len(), 0);
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let hybrid = || ScoreColumn::new(HYBRID, vec![0.5], |_| true);
        let row = || vec![RowId { file: 0, row: 0 }];
        let error = |members: Vec<ScoreColumn>| Scores::new(row(), members, hybrid()).unwrap_err().to_string();
        assert!(error(vec![hybrid()]).contains("two columns are called hybrid"));
        let member = |p_attack: Vec<f32>| ScoreColumn::new("forest", p_attack, |_| true);
        assert!(error(vec![member(vec![0.1]), member(vec![0.2])]).contains("two columns are called forest"));
        assert!(error(vec![member(vec![])]).contains("forest has 0 scores and 0 flags for 1 rows"));
        assert!(Scores::empty(["a", "a"]).is_err());
        let error = scores(0..2).append(Scores::empty(["lstm"]).unwrap()).unwrap_err().to_string();
        assert!(error.contains("those of lstm, hybrid cannot stand behind those of forest, lstm, hybrid"), "{error}");
    }

    #[test]
    fn parts_put_together_are_the_whole_and_rows_can_be_picked() {
        let whole = scores(0..20);
        let mut together = scores(0..7);
        together.append(scores(7..20)).unwrap();
        assert_eq!(together, whole);
        let picked = whole.select(&[19, 3]);
        assert_eq!(picked.rows(), [whole.rows()[19], whole.rows()[3]]);
        assert_eq!(picked.member("lstm").unwrap().p_attack[1], whole.member("lstm").unwrap().p_attack[3]);
    }

    #[test]
    fn a_row_comes_back_from_its_record_as_it_was() {
        let whole = scores(0..20);
        let mut back = Scores::empty(["forest", "lstm"]).unwrap();
        let mut record = Vec::new();
        for i in 0..20 {
            record.clear();
            whole.write_record(i, &mut record);
            assert_eq!(record.len(), 15);
            back.push_record(whole.rows()[i], &record).unwrap();
        }
        assert_eq!(back, whole);
        assert!(back.push_record(whole.rows()[0], &record[1..]).unwrap_err().to_string().contains("14 bytes, not 15"));
    }
}
