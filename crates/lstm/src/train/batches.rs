//! Which sequences are trained on together, and in which order.

use nta_data::{Purpose, Rng, rng};
use rand_core::RngCore;

use super::pieces::Pieces;
use crate::engine::Batch;
use crate::input::Pack;

/// Sequences that one thread works on at a time, at most. Fixed, for the order in which gradients are summed hangs on it.
pub(crate) const SEQUENCES_PER_PACK: usize = 32;

/// Batches whose pieces are sorted, by context and length, together. Sorted over everything, batches would be the same in
/// every epoch and all short hosts would come at once.
const BATCHES_PER_CHUNK: usize = 32;

/// The batches of one epoch, as indices of pieces: within a batch those with context first, each kind longest first.
pub(crate) fn plan_epoch(pieces: &Pieces, batch: usize, seed: u64, epoch: usize) -> Vec<Vec<u32>> {
    let mut rng = rng(seed, Purpose::Shuffle, epoch as u64, 0);
    let mut order: Vec<u32> = (0..pieces.len() as u32).collect();
    shuffle(&mut order, &mut rng);
    let mut batches: Vec<Vec<u32>> = Vec::with_capacity(order.len().div_ceil(batch));
    for chunk in order.chunks_mut(batch * BATCHES_PER_CHUNK) {
        chunk.sort_by_key(|&i| std::cmp::Reverse((pieces.context(i), pieces.get(i).len())));
        batches.extend(chunk.chunks(batch).map(<[u32]>::to_vec));
    }
    shuffle(&mut batches, &mut rng);
    batches
}

/// Packs a planned batch; a small one into two halves, so that two threads have work. A pack's pieces have context, all
/// of them or none.
pub(crate) fn assemble(pieces: &Pieces, members: &[u32], epoch: usize, index: usize) -> Batch {
    let size = SEQUENCES_PER_PACK.min(members.len().div_ceil(2)).max(1);
    let alike = members.chunk_by(|&a, &b| pieces.context(a) == pieces.context(b));
    let pack = |members: &[u32]| packed(pieces, members, pieces.context(members[0]));
    Batch { epoch, index, packs: alike.flat_map(|members| members.chunks(size)).map(pack).collect() }
}

/// Packs pieces that stand longest first, with so many steps of context each.
fn packed(pieces: &Pieces, members: &[u32], context: usize) -> Pack {
    let mut pack = Pack { context, ..Pack::default() };
    pack.take(|i| pieces.get(i), members, 0, usize::MAX);
    pack
}

/// Fisher and Yates, with bounded numbers by multiplication (bias below 2⁻³² · length).
fn shuffle<T>(items: &mut [T], rng: &mut Rng) {
    for i in (1..items.len()).rev() {
        let j = ((u128::from(rng.next_u64()) * (i as u128 + 1)) >> 64) as usize;
        items.swap(i, j);
    }
}

#[cfg(test)]
mod tests {
    use nta_data::Sequences;

    use super::*;
    use crate::Start;

    fn sequences(lengths: &[u32]) -> Sequences {
        let mut bounds = vec![0];
        for l in lengths {
            bounds.push(bounds.last().unwrap() + l);
        }
        Sequences { rows: (0..*bounds.last().unwrap()).collect(), bounds }
    }

    #[test]
    fn a_pack_holds_step_after_step_without_padding() {
        let sequences = sequences(&[3, 1, 2]);
        let rows_of = |i: u32| sequences.get(i as usize);
        let mut pack = Pack::default();
        assert_eq!(pack.take(rows_of, &[0, 2, 1], 0, usize::MAX), 3);
        assert_eq!(pack, Pack { rows: vec![0, 4, 3, 1, 5, 2], bounds: vec![0, 3, 5, 6], context: 0 });
        let mut part = Pack::default();
        assert_eq!(part.take(rows_of, &[0, 2, 1], 1, 3), 3);
        assert_eq!(part, Pack { rows: vec![1, 5, 2], bounds: vec![0, 2, 3], context: 0 });
        assert_eq!((part.take(rows_of, &[0, 2, 1], 3, 3), part.n_steps()), (3, 0));
        assert_eq!(pack.continued(0..3), [(3..5, 0), (5..6, 3)]);
        assert_eq!(pack.continued(2..3), [(5..6, 3)]);
        let even = Pack { rows: vec![0; 6], bounds: vec![0, 2, 4, 6], context: 0 };
        assert_eq!(even.continued(0..3), [(2..6, 0)]);
        assert_eq!((pack.width(0), pack.width(2), pack.width(3)), (3, 1, 0));
    }

    #[test]
    fn a_batch_falls_into_packs_and_a_small_one_into_halves() {
        let pieces = Pieces::new(&sequences(&[1; 100]), 1, Start::Cold);
        let sizes = |n: u32| {
            let members: Vec<u32> = (0..n).collect();
            let packs = assemble(&pieces, &members, 0, 0).packs;
            packs.iter().map(|pack| pack.rows.len()).collect::<Vec<_>>()
        };
        assert_eq!(sizes(100), [32, 32, 32, 4]);
        assert_eq!(sizes(33), [17, 16]);
        assert_eq!((sizes(2), sizes(1)), (vec![1, 1], vec![1]));
    }

    #[test]
    fn every_sequence_is_in_one_batch_and_epochs_differ() {
        let lengths: Vec<u32> = (0..1_000).map(|i| 1 + (i * 7) % 32).collect();
        let pieces = Pieces::new(&sequences(&lengths), 32, Start::Cold);
        let plan = plan_epoch(&pieces, 16, 3, 1);
        let mut all: Vec<u32> = plan.iter().flatten().copied().collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..1_000));
        assert_eq!(plan.len(), 63);
        assert_eq!(plan, plan_epoch(&pieces, 16, 3, 1));
        assert_ne!(plan, plan_epoch(&pieces, 16, 3, 2));
        for batch in &plan {
            let lengths: Vec<usize> = batch.iter().map(|&i| pieces.get(i).len()).collect();
            assert!(lengths.is_sorted_by(|a, b| a >= b));
            assert!(lengths[0] - lengths[lengths.len() - 1] <= 8, "{lengths:?}");
        }
    }

    #[test]
    fn pieces_with_context_stand_in_packs_of_their_own() {
        // Pieces of 4: 0 to 3 of the first sequence, the last of 2 rows; 4 alone.
        let pieces = Pieces::new(&sequences(&[14, 3]), 4, Start::Warm);
        let plan = plan_epoch(&pieces, 8, 3, 1);
        let kinds: Vec<_> = plan[0].iter().map(|&i| (pieces.context(i), pieces.get(i).len())).collect();
        assert_eq!(kinds, [(4, 8), (4, 8), (4, 6), (0, 4), (0, 3)]);
        let batch = assemble(&pieces, &plan[0], 0, 0);
        let packs: Vec<_> = batch.packs.iter().map(|p| (p.context, p.first_learned(), p.rows.len())).collect();
        assert_eq!(packs, [(4, 12, 22), (0, 0, 7)]);
        let mut learned: Vec<u32> = batch.rows().collect();
        learned.sort_unstable();
        assert!(learned.into_iter().eq(0..17));
    }

    #[test]
    fn dropout_streams_of_two_packs_differ() {
        let batch = Batch { epoch: 1, index: 2, packs: Vec::new() };
        assert_ne!(batch.dropout_rng(5, 0).next_u64(), batch.dropout_rng(5, 1).next_u64());
    }
}
