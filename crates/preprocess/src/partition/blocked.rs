//! `blocked`: consecutive blocks of rows, dealt to the parts by a seeded draw, with a gap dropped at every seam.
//!
//! For traffic whose regime changes within the file, so that a single cut would leave a part with one class: every
//! part gets blocks from all over. Blocks with rare attacks are dealt first and spread. Each run of consecutive blocks
//! of one part is a segment, and no sequence crosses from one to the next.

use nta_data::{Purpose, rng};

use super::lots::{Lots, Scarce};
use super::material::Material;
use super::plan::{Blocks, Plan};
use super::requirements::Requirements;

/// Blocks that the rows are cut into where the config does not say: enough that the smallest usual share (7.5 %) gets
/// 30 of them. KDD99's 494,021 rows, which hold 534 runs of one label, make 400 blocks of 1,236 rows.
const DEFAULT_BLOCKS: usize = 400;
/// A default block is long enough to train on a sequence of a usual length (32) …
const LONG_ENOUGH: usize = 100;
/// … unless the rows are so few that there would be fewer blocks than this.
const FEWEST_BLOCKS: usize = 40;
/// Default blocks are halved while a part lacks something, but not below this.
const SHORTEST_BLOCK: usize = 16;
/// A default gap is this fraction of a block: with 35 % of the blocks held out some 2 to 3 % of the rows are dropped.
const GAP_FRACTION: usize = 20;

pub(crate) fn plan(
    material: &Material,
    block_rows: Option<usize>,
    gap_rows: Option<usize>,
    seed: u64,
    requirements: &Requirements,
) -> Plan {
    let mut size = block_rows.unwrap_or_else(|| default_block(material.n_rows()).max(gap_rows.unwrap_or(0) * 2));
    let mut first = None;
    loop {
        let gap = gap_rows.unwrap_or(size / GAP_FRACTION).min(size / 2);
        for (kind_of, scarce) in material.kinds_to_balance() {
            let plan = assign_blocks(material, kind_of, scarce, Cut { block_rows: size, gap_rows: gap }, seed);
            if plan.shortfall(material, requirements).is_none() {
                return plan;
            }
            first.get_or_insert(plan);
        }
        let may_halve = block_rows.is_none() && size / 2 >= SHORTEST_BLOCK.max(gap_rows.unwrap_or(0) * 2);
        match first {
            Some(plan) if !may_halve => return plan,
            _ => size /= 2,
        }
    }
}

fn default_block(n_rows: usize) -> usize {
    (n_rows.div_ceil(DEFAULT_BLOCKS)).max(LONG_ENOUGH).min((n_rows / FEWEST_BLOCKS).max(1))
}

/// Sizes tried.
#[derive(Clone, Copy)]
struct Cut {
    block_rows: usize,
    gap_rows: usize,
}

fn assign_blocks(material: &Material, kind_of: &[u32], scarce: Scarce, cut: Cut, seed: u64) -> Plan {
    let Cut { block_rows, gap_rows } = cut;
    let n_rows = material.n_rows();
    // A short rest belongs to the last full block.
    let n_blocks = ((n_rows + block_rows / 2) / block_rows).max(1);
    let block_of = |place: usize| (place / block_rows).min(n_blocks - 1);
    let block: Vec<u32> = (0..n_rows).map(|place| block_of(place) as u32).collect();
    let kind: Vec<u32> = material.arrival.iter().map(|&row| kind_of[row as usize]).collect();
    let lots = Lots::new(&block, &kind);
    let part_of = lots.assign(&material.shares, scarce, &mut rng(seed, Purpose::Partition, 0, 0));

    let mut plan = Plan::default();
    let (mut segment, mut seam, mut dropped_rows) = (0u32, 0usize, 0);
    for (place, &row) in material.arrival.iter().enumerate() {
        let part = part_of[block_of(place)] as usize;
        if place > 0 && part != part_of[block_of(place - 1)] as usize {
            segment += 1;
            seam = place;
        }
        if segment > 0 && place < seam + gap_rows {
            dropped_rows += 1;
            continue;
        }
        plan.rows[part].push(row);
        plan.segments[part].push(segment);
    }
    plan.blocks = Some(Blocks { block_rows, gap_rows, dropped_rows });
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_blocks_suit_the_number_of_rows() {
        assert_eq!(default_block(494_021), 1_236);
        assert_eq!(default_block(26_806), 100);
        assert_eq!(default_block(2_000), 50, "40 blocks");
        assert_eq!(default_block(3), 1);
    }
}
