//! What training learns from at a time: pieces of sequences, each read after the flows that came before it.

use nta_data::Sequences;

use crate::Start;

/// Sequences in pieces of at most some length: ranges of one list of rows, which overlap where a piece has context.
pub(crate) struct Pieces {
    cut: Sequences,
    /// `(n_pieces)`: flows before the piece that are read and not learned from: none, or as many as a piece has at most.
    context: Vec<u32>,
}

impl Pieces {
    /// Cuts at `length`.
    pub(crate) fn new(sequences: &Sequences, length: usize, start: Start) -> Self {
        let cut = sequences.cut(length);
        let goes_on = |begin: &u32| sequences.bounds.binary_search(begin).is_err();
        let before = match start {
            // Without memory there is nothing to warm up.
            Start::Warm if length > 1 => length as u32,
            _ => 0,
        };
        let context = cut.bounds[..cut.len()].iter().map(|begin| if goes_on(begin) { before } else { 0 }).collect();
        Pieces { cut, context }
    }

    /// Number of pieces.
    pub(crate) fn len(&self) -> usize {
        self.cut.len()
    }

    /// Flows at the beginning of [`Pieces::get`] that are read and not learned from.
    pub(crate) fn context(&self, i: u32) -> usize {
        self.context[i as usize] as usize
    }

    /// Rows of piece `i` in arrival order, its context first.
    pub(crate) fn get(&self, i: u32) -> &[u32] {
        let (begin, end) = (self.cut.bounds[i as usize], self.cut.bounds[i as usize + 1]);
        &self.cut.rows[(begin - self.context[i as usize]) as usize..end as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_read_after_the_one_before_it_and_learned_from_once() {
        let sequences = Sequences { rows: (10..19).collect(), bounds: vec![0, 5, 7, 9] };
        let pieces = |length, start| {
            let pieces = Pieces::new(&sequences, length, start);
            (0..pieces.len() as u32).map(|i| (pieces.context(i), pieces.get(i).to_vec())).collect::<Vec<_>>()
        };
        let cold = [(0, vec![10, 11]), (0, vec![12, 13]), (0, vec![14]), (0, vec![15, 16]), (0, vec![17, 18])];
        assert_eq!(pieces(2, Start::Cold), cold);
        let mut warm = cold;
        warm[1] = (2, vec![10, 11, 12, 13]);
        warm[2] = (2, vec![12, 13, 14]);
        assert_eq!(pieces(2, Start::Warm), warm);
        assert!(pieces(1, Start::Warm).iter().all(|(context, rows)| *context == 0 && rows.len() == 1));
    }
}
