//! Go's time layouts (`2006-01-02 15:04:05`) cut into parts, and times written with them (Go's `time/format.go`).

use super::Moment;

/// A part of a layout that stands for a part of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    Abbreviation,
    /// An offset: `Z` for zero, with colons, hours only, with seconds.
    Offset {
        z: bool,
        colon: bool,
        short: bool,
        seconds: bool,
    },
    /// A fraction: its digits, always written (`0`) or without ending zeros (`9`), behind `.` or `,`.
    Fraction {
        digits: usize,
        fixed: bool,
    },
}

pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(crate) const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// Texts and their parts; of those that fit, the first counts.
const PARTS: [(&str, Part); 23] = [
    ("January", Part::LongMonth),
    ("Jan", Part::Month),
    ("Monday", Part::LongWeekday),
    ("Mon", Part::Weekday),
    ("MST", Part::Abbreviation),
    ("01", Part::ZeroMonth),
    ("002", Part::ZeroYearDay),
    ("02", Part::ZeroDay),
    ("03", Part::ZeroHour12),
    ("04", Part::ZeroMinute),
    ("05", Part::ZeroSecond),
    ("06", Part::Year),
    ("15", Part::Hour),
    ("1", Part::NumMonth),
    ("2006", Part::LongYear),
    ("2", Part::Day),
    ("__2", Part::UnderYearDay),
    ("_2", Part::UnderDay),
    ("3", Part::Hour12),
    ("4", Part::Minute),
    ("5", Part::Second),
    ("PM", Part::UpperPm),
    ("pm", Part::LowerPm),
];

/// Offsets: digits behind the sign or `Z`, the longest first.
const OFFSETS: [(&str, bool, bool, bool); 5] = [
    ("070000", false, false, true),
    ("07:00:00", true, false, true),
    ("0700", false, false, false),
    ("07:00", true, false, false),
    ("07", false, true, false),
];

/// The text before the first part of `layout`, that part, and the rest.
pub(super) fn next_part(layout: &str) -> (&str, Option<Part>, &str) {
    for (at, _) in layout.char_indices() {
        let rest = &layout[at..];
        if let Some((part, length)) = part_at(rest) {
            return (&layout[..at], Some(part), &rest[length..]);
        }
        // `_2006` is an underscore and a year.
        if let Some(behind) = rest.strip_prefix("_2006") {
            return (&layout[..at + 1], Some(Part::LongYear), behind);
        }
    }
    (layout, None, "")
}

fn part_at(rest: &str) -> Option<(Part, usize)> {
    if rest.starts_with("_2006") {
        return None;
    }
    let first = rest.chars().next()?;
    if first == '-' || first == 'Z' {
        let (text, colon, short, seconds) = OFFSETS
            .into_iter()
            .find(|(text, ..)| rest[1..].starts_with(text))?;
        let z = first == 'Z';
        let part = Part::Offset {
            z,
            colon,
            short,
            seconds,
        };
        return Some((part, 1 + text.len()));
    }
    if first == '.' || first == ',' {
        return fraction_at(rest);
    }
    let (text, part) = PARTS.into_iter().find(|(text, _)| rest.starts_with(text))?;
    // `Janet` is no month.
    if matches!(part, Part::Month | Part::Weekday) {
        let next = rest[text.len()..].chars().next();
        if next.is_some_and(|c| c.is_ascii_lowercase()) {
            return None;
        }
    }
    Some((part, text.len()))
}

fn fraction_at(rest: &str) -> Option<(Part, usize)> {
    let digit = rest[1..]
        .chars()
        .next()
        .filter(|c| matches!(c, '0' | '9'))?;
    let digits = rest[1..].chars().take_while(|c| *c == digit).count();
    if rest[1 + digits..].starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let fixed = digit == '0';
    Some((Part::Fraction { digits, fixed }, 1 + digits))
}

/// Go's `Time.Format`.
pub(crate) fn format(time: &Moment, layout: &str) -> String {
    let mut out = String::new();
    let mut rest = layout;
    loop {
        let (before, part, after) = next_part(rest);
        out.push_str(before);
        let Some(part) = part else {
            return out;
        };
        let text = &rest[before.len()..rest.len() - after.len()];
        write_part(time, part, text, &mut out);
        rest = after;
    }
}

fn write_part(time: &Moment, part: Part, text: &str, out: &mut String) {
    let civil = time.civil();
    let month = MONTHS[(civil.month - 1).clamp(0, 11) as usize];
    let weekday = WEEKDAYS[civil.weekday.clamp(0, 6) as usize];
    let hour12 = match civil.hour % 12 {
        0 => 12,
        hour => hour,
    };
    let written = match part {
        Part::LongYear if civil.year < 0 => format!("-{:04}", -civil.year),
        Part::LongYear => format!("{:04}", civil.year),
        Part::Year => format!("{:02}", civil.year.rem_euclid(100)),
        Part::LongMonth => month.into(),
        Part::Month => month[..3].into(),
        Part::NumMonth => civil.month.to_string(),
        Part::ZeroMonth => format!("{:02}", civil.month),
        Part::LongWeekday => weekday.into(),
        Part::Weekday => weekday[..3].into(),
        Part::Day => civil.day.to_string(),
        Part::UnderDay => format!("{:2}", civil.day),
        Part::ZeroDay => format!("{:02}", civil.day),
        Part::UnderYearDay => format!("{:3}", civil.year_day),
        Part::ZeroYearDay => format!("{:03}", civil.year_day),
        Part::Hour => format!("{:02}", civil.hour),
        Part::Hour12 => hour12.to_string(),
        Part::ZeroHour12 => format!("{hour12:02}"),
        Part::Minute => civil.minute.to_string(),
        Part::ZeroMinute => format!("{:02}", civil.minute),
        Part::Second => civil.second.to_string(),
        Part::ZeroSecond => format!("{:02}", civil.second),
        Part::UpperPm => (if civil.hour >= 12 { "PM" } else { "AM" }).into(),
        Part::LowerPm => (if civil.hour >= 12 { "pm" } else { "am" }).into(),
        Part::Abbreviation => match time.zone.abbreviation(time.at).0 {
            name if !name.is_empty() => name,
            _ => nameless(time.zone.offset(time.at)),
        },
        Part::Offset {
            z,
            colon,
            short,
            seconds,
        } => offset(time.zone.offset(time.at), z, colon, short, seconds),
        Part::Fraction { digits, fixed } => fraction(civil.nanosecond, digits, fixed, &text[..1]),
    };
    out.push_str(&written);
}

/// Go writes a zone without a name as its offset.
fn nameless(seconds: i64) -> String {
    let minutes = seconds / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.abs();
    format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
}

fn offset(total: i64, z: bool, colon: bool, short: bool, seconds: bool) -> String {
    if z && total == 0 {
        return "Z".into();
    }
    let sign = if total < 0 { '-' } else { '+' };
    let total = total.abs();
    let separator = if colon { ":" } else { "" };
    let mut out = format!("{sign}{:02}", total / 3600);
    if !short {
        out.push_str(&format!("{separator}{:02}", total / 60 % 60));
    }
    if seconds {
        out.push_str(&format!("{separator}{:02}", total % 60));
    }
    out
}

fn fraction(nanosecond: i64, digits: usize, fixed: bool, separator: &str) -> String {
    let all = format!("{nanosecond:09}");
    let mut shown: String = all
        .chars()
        .chain(std::iter::repeat('0'))
        .take(digits.min(9))
        .collect();
    if !fixed {
        shown.truncate(shown.trim_end_matches('0').len());
        if shown.is_empty() {
            return shown;
        }
    }
    format!("{separator}{shown}")
}
