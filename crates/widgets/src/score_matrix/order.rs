//! The orders that words can be shuffled into.

use crate::grid::Cell;

/// So many there are: of four words each is another one.
pub(super) const COUNT: usize = 24;

/// From one order to the next. It shares no factor with [`COUNT`], so all of them come.
const STRIDE: usize = 7;

/// Which word stands at which place. What is no word, as a sum, stays where it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Order(Vec<usize>);

impl Order {
    /// The order with this number, of `seq` words. Number 0 leaves them as they are.
    pub(super) fn new(seq: usize, number: usize) -> Self {
        let mut left: Vec<usize> = (0..seq).collect();
        let mut code = number * STRIDE;
        let mut next = |_| {
            let at = code % left.len();
            code /= left.len();
            left.remove(at)
        };
        Self((0..seq).map(&mut next).collect())
    }

    /// The words, by place.
    pub(super) fn words(&self) -> &[usize] {
        &self.0
    }

    /// The word at a place.
    fn at(&self, place: usize) -> usize {
        self.0.get(place).copied().unwrap_or(place)
    }

    /// The place of a word.
    pub(super) fn place_of(&self, word: usize) -> usize {
        self.0.iter().position(|other| *other == word).unwrap_or(word)
    }

    /// The cell of two words that stands at a cell of places.
    pub(super) fn word(&self, (row, column): Cell) -> Cell {
        (self.at(row), self.at(column))
    }

    /// Where the cell of two words stands.
    pub(super) fn place(&self, (row, column): Cell) -> Cell {
        (self.place_of(row), self.place_of(column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_another_order_of_the_same_words() {
        let orders: Vec<Order> = (0..COUNT).map(|number| Order::new(4, number)).collect();
        assert_eq!(orders[0].words(), [0, 1, 2, 3]);
        for (at, order) in orders.iter().enumerate() {
            let mut words = order.words().to_vec();
            words.sort_unstable();
            assert_eq!(words, [0, 1, 2, 3]);
            assert!(!orders[..at].contains(order));
        }
    }

    #[test]
    fn a_place_leads_back_to_its_words_and_sums_stay() {
        let order = Order::new(4, 5);
        for cell in [(0, 3), (2, 1), (4, 0), (4, 4)] {
            assert_eq!(order.place(order.word(cell)), cell);
        }
        assert_eq!(order.word((4, 4)), (4, 4));
    }
}
