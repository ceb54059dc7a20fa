//! From a number to a place.

/// Maps numbers between two ends to places between two ends: evenly, or evenly in their
/// logarithms.
///
/// ```
/// use widgets::draw::scale::Scale;
///
/// let even = Scale::linear([0.0, 1.0], [100.0, 300.0]);
/// assert_eq!([even.place(0.25), even.number(150.0)], [150.0, 0.25]);
/// let log = Scale::logarithmic([1.0, 100.0], [0.0, 10.0]);
/// assert_eq!(log.place(10.0), 5.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    numbers: [f64; 2],
    places: [f64; 2],
    logarithmic: bool,
}

impl Scale {
    /// Evenly. The two numbers must differ.
    pub fn linear(numbers: [f64; 2], places: [f64; 2]) -> Self {
        Self { numbers, places, logarithmic: false }
    }

    /// Each factor of the number the same distance. Both numbers must be above zero, and differ.
    pub fn logarithmic(numbers: [f64; 2], places: [f64; 2]) -> Self {
        Self { numbers, places, logarithmic: true }
    }

    fn bend(&self, number: f64) -> f64 {
        if self.logarithmic { number.ln() } else { number }
    }

    /// Where a number is. One beyond an end is at that end.
    pub fn place(&self, number: f64) -> f64 {
        let [from, to] = self.numbers.map(|end| self.bend(end));
        let share = ((self.bend(number) - from) / (to - from)).clamp(0.0, 1.0);
        self.places[0] + share * (self.places[1] - self.places[0])
    }

    /// The number at a place. A place beyond an end has that end's number.
    pub fn number(&self, place: f64) -> f64 {
        let [start, end] = self.places;
        let share = ((place - start) / (end - start)).clamp(0.0, 1.0);
        let [from, to] = self.numbers.map(|end| self.bend(end));
        let bent = from + share * (to - from);
        if self.logarithmic { bent.exp() } else { bent }
    }

    /// Round numbers between the two ends: about `count` of them on an even scale, the powers of
    /// ten on a logarithmic one.
    pub fn ticks(&self, count: usize) -> Vec<f64> {
        let (least, most) =
            (self.numbers[0].min(self.numbers[1]), self.numbers[0].max(self.numbers[1]));
        if self.logarithmic {
            let first = least.log10().ceil() as i32;
            return (first..)
                .map(|power| 10_f64.powi(power))
                .take_while(|tick| *tick <= most * 1.000_001)
                .collect();
        }
        let step = round_step((most - least) / count.max(1) as f64);
        let first = (least / step).ceil() as i64;
        (first..)
            .map(|at| at as f64 * step)
            .take_while(|tick| *tick <= most + step * 1e-9)
            .collect()
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    steps.into_iter().find(|round| *round >= step * 0.999_999).unwrap_or(steps[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within_the_ends() {
        let even = |from, to, count| Scale::linear([from, to], [0.0, 1.0]).ticks(count);
        assert_eq!(even(0.0, 1.0, 5), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(even(-3.0, 7.0, 5), [-2.0, 0.0, 2.0, 4.0, 6.0]);
        assert_eq!(even(7.0, -3.0, 2), [-0.0, 5.0]);
        let log = Scale::logarithmic([0.5, 2000.0], [0.0, 1.0]).ticks(0);
        assert_eq!(log, [1.0, 10.0, 100.0, 1000.0]);
    }

    #[test]
    fn a_place_leads_back_to_its_number() {
        for scale in [
            Scale::linear([-2.0, 5.0], [300.0, 10.0]),
            Scale::logarithmic([0.1, 900.0], [20.0, 820.0]),
        ] {
            for number in [0.1, 0.7, 1.0, 4.9] {
                assert!((scale.number(scale.place(number)) - number).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn what_lies_beyond_an_end_is_at_that_end() {
        let scale = Scale::linear([0.0, 1.0], [10.0, 20.0]);
        assert_eq!([scale.place(-5.0), scale.place(7.0)], [10.0, 20.0]);
        assert_eq!(scale.number(99.0), 1.0);
    }
}
