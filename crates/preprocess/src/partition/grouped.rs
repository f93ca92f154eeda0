//! `grouped`: whole hosts or whole captures go to one part, balanced by rows and attacks as far as groups allow.

use nta_data::{Purpose, rng};

use super::config::GroupBy;
use super::lots::Lots;
use super::material::Material;
use super::plan::Plan;
use super::requirements::Requirements;

/// Draws tried before the strategy is refused.
const N_DRAWS: u64 = 8;

pub(crate) fn plan(material: &Material, by: GroupBy, seed: u64, requirements: &Requirements) -> Plan {
    assign_lots(material, &material.groups(by), N_DRAWS, seed, requirements)
}

/// Assigns whole lots; `lot_of` numbers each row's lot. Each draw tries all kinds to balance.
pub(crate) fn assign_lots(
    material: &Material,
    lot_of: &[u32],
    n_draws: u64,
    seed: u64,
    requirements: &Requirements,
) -> Plan {
    let attempts = material.kinds_to_balance().map(|(kind_of, scarce)| (Lots::new(lot_of, kind_of), scarce));
    let mut first = None;
    for draw in 0..n_draws {
        for (lots, scarce) in &attempts {
            let part_of = lots.assign(&material.shares, *scarce, &mut rng(seed, Purpose::Partition, 1, draw));
            let plan = Plan::in_arrival_order(material, |row| part_of[lot_of[row] as usize]);
            if plan.shortfall(material, requirements).is_none() {
                return plan;
            }
            first.get_or_insert(plan);
        }
    }
    first.unwrap_or_default()
}
