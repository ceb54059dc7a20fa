//! What the exercises are graded with: comparisons that say what went in, what was expected and
//! what came out.
//!
//! An exercise is a folder of `listings/exercises` with three files. You edit `exercise.rs` and
//! run its grade, which is an ordinary test: `cargo test --release --test ch04-softmax`.

/// The function to grade: the reader's, or the solution's if `GRADE=solution` is set. With that,
/// a test of the book proves that each grade can be passed.
pub fn chosen<F>(exercise: F, solution: F) -> F {
    if std::env::var_os("GRADE").is_some_and(|grade| grade == "solution") {
        solution
    } else {
        exercise
    }
}

/// Compares the numbers that `call` gave with those that it should give. `call` is written as in
/// Rust, with its input: `softmax(&[1.0, 2.0])`.
///
/// # Panics
/// When their counts differ, or two of them differ by more than `tolerance`, or are not numbers.
#[track_caller]
pub fn close(call: &str, got: &[f32], expected: &[f32], tolerance: f32) {
    if got.len() != expected.len() {
        fail(call, expected, got, &format!("{} numbers, not {}", got.len(), expected.len()));
    }
    for (at, (got_one, expected_one)) in got.iter().zip(expected).enumerate() {
        let alike = got_one == expected_one || (got_one - expected_one).abs() <= tolerance;
        if !alike {
            let place = format!("number {at} differs by more than {tolerance:?}, counted from 0");
            fail(call, expected, got, &place);
        }
    }
}

/// Compares what `call` gave with what it should give.
///
/// # Panics
/// When they differ.
#[track_caller]
pub fn equal<T: PartialEq + std::fmt::Debug + ?Sized>(call: &str, got: &T, expected: &T) {
    if got != expected {
        fail(call, expected, got, "not the same");
    }
}

#[track_caller]
fn fail<T: std::fmt::Debug + ?Sized>(call: &str, expected: &T, got: &T, what: &str) -> ! {
    panic!("\n  {call}\n  expected: {expected:?}\n  got:      {got:?}\n  {what}\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(work: impl FnOnce() + std::panic::UnwindSafe) -> String {
        let panic = std::panic::catch_unwind(work).expect_err("it must panic");
        *panic.downcast::<String>().expect("a message")
    }

    #[test]
    fn what_is_right_passes() {
        close("f()", &[1.0, f32::NEG_INFINITY], &[1.0 + 1e-7, f32::NEG_INFINITY], 1e-6);
        equal("f()", &[1, 2], &[1, 2]);
    }

    #[test]
    fn a_failure_says_what_went_in_and_what_came_out() {
        let told = message(|| close("f(&[3.0])", &[0.5], &[0.25], 1e-6));
        for part in ["f(&[3.0])", "expected: [0.25]", "got:      [0.5]", "number 0"] {
            assert!(told.contains(part), "{told}");
        }
        let told = message(|| equal("f()", "left", "right"));
        assert!(told.contains("expected: \"right\"") && told.contains("got:      \"left\""));
    }

    #[test]
    fn what_is_no_number_fails() {
        assert!(message(|| close("f()", &[f32::NAN], &[0.5], 1.0)).contains("NaN"));
        assert!(message(|| close("f()", &[f32::NAN], &[f32::NAN], 1.0)).contains("NaN"));
        assert!(message(|| close("f()", &[], &[0.5], 1.0)).contains("0 numbers, not 1"));
    }
}
