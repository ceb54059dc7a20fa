//! What the reader is told while a command works.

use std::time::Instant;

use anyhow::Result;

/// Says what begins, does it, and says how long it took.
///
/// # Errors
/// What `work` returns.
pub fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("{what} ...");
    let start = Instant::now();
    let result = work()?;
    println!("{what}: done in {}", seconds(start));
    Ok(result)
}

/// The time since `start`: `1.4 s`.
pub fn seconds(start: Instant) -> String {
    format!("{:.1} s", start.elapsed().as_secs_f64())
}

/// A number of bytes for a reader: `98.4 MB`, `12.3 kB`, `7 B`. The units are decimal.
pub fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        _ => format!("{:.1} MB", count as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn bytes_are_told_in_decimal_units() {
        assert_eq!(bytes(7), "7 B");
        assert_eq!(bytes(12_345), "12.3 kB");
        assert_eq!(bytes(98_362_432), "98.4 MB");
    }
}
