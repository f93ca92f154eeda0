//! `temporal`: the rows in arrival order, cut by row count, so that every part is later than the one before.

use super::material::Material;
use super::part::Part;
use super::plan::Plan;

pub(crate) fn plan(material: &Material) -> Plan {
    let n_rows = material.n_rows() as f64;
    let mut plan = Plan::default();
    let (mut start, mut share_behind) = (0usize, 0.0);
    for part in Part::ALL {
        share_behind += material.shares[part as usize];
        let end = ((share_behind * n_rows).round() as usize).clamp(start, material.n_rows());
        plan.rows[part as usize] = material.arrival[start..end].to_vec();
        start = end;
    }
    plan
}
