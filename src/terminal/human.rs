//! Numbers and times in a readable form.

use std::time::Duration;

/// A number with separators: `1,000,000`.
pub fn thousands(number: u64) -> String {
    match number {
        ..1_000 => number.to_string(),
        _ => format!("{},{:03}", thousands(number / 1_000), number % 1_000),
    }
}

/// A number with its noun: `1 row`, `2,000 rows`. The plural must end in `s`.
pub fn count(number: u64, what: &str) -> String {
    plural(number, what, &format!("{what}s"))
}

/// A number with its noun, given the singular and the plural.
pub fn plural(number: u64, one: &str, more: &str) -> String {
    let what = if number == 1 { one } else { more };
    format!("{} {what}", thousands(number))
}

/// A time in a suitable unit: `14.2 ms`, `1.81 s`, `3 min 20 s`, `2 h 5 min`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    // At these limits, rounding would give a whole second or minute.
    if seconds < 0.999_95 {
        return format!("{:.1} ms", seconds * 1e3);
    }
    if seconds < 59.995 {
        return format!("{seconds:.2} s");
    }
    match seconds.round() as u64 {
        whole @ ..3_600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => {
            let minutes = (seconds / 60.0).round() as u64;
            format!("{} h {} min", thousands(minutes / 60), minutes % 60)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_comma_every_three_digits() {
        let shown = [0, 999, 1_000, 12_345, 1_000_000, u64::MAX].map(thousands);
        let expected = [
            "0",
            "999",
            "1,000",
            "12,345",
            "1,000,000",
            "18,446,744,073,709,551,615",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn only_one_is_singular() {
        assert_eq!(count(0, "row"), "0 rows");
        assert_eq!(count(1, "row"), "1 row");
        assert_eq!(count(1_000, "row"), "1,000 rows");
        assert_eq!(plural(2, "category", "categories"), "2 categories");
    }

    #[test]
    fn times_have_a_fitting_unit() {
        let shown = |seconds: f64| duration(Duration::from_secs_f64(seconds));
        assert_eq!(shown(0.0), "0.0 ms");
        assert_eq!(shown(0.014_2), "14.2 ms");
        assert_eq!(shown(0.999_9), "999.9 ms");
        assert_eq!(shown(0.999_96), "1.00 s");
        assert_eq!(shown(1.814), "1.81 s");
        assert_eq!(shown(59.994), "59.99 s");
        assert_eq!(shown(59.996), "1 min 0 s");
        assert_eq!(shown(200.4), "3 min 20 s");
        assert_eq!(shown(3_599.6), "1 h 0 min");
        assert_eq!(shown(7_500.0), "2 h 5 min");
    }
}
