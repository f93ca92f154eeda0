//! `stratified`: row by row, the same mixture of families in every part, identical rows together. Only for data
//! without order, where no neighbour can be torn from its neighbour.

use super::grouped::assign_lots;
use super::material::Material;
use super::plan::Plan;
use super::requirements::Requirements;

pub(crate) fn plan(material: &Material, seed: u64, requirements: &Requirements) -> Plan {
    assign_lots(material, &material.identical_rows(), 1, seed, requirements)
}
