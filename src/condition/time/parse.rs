//! A text into a time by one of Go's layouts (Go's `time.Parse` and `time.ParseInLocation`).

use super::layout::{MONTHS, Part, WEEKDAYS, next_part};
use super::{Moment, Zone, days};
use crate::condition::budget::{Fault, Ran};

/// What has been read so far.
struct Read {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanosecond: i64,
    afternoon: Option<bool>,
    utc: bool,
    offset: Option<i32>,
    abbreviation: Option<String>,
}

/// Reads `text` by `layout`; where it names no zone, in `zone`.
///
/// `local` is the zone whose offsets and abbreviations are known: `zone` where the caller gave one.
pub(crate) fn parse(layout: &str, text: &str, zone: &Zone, local: &Zone) -> Ran<Moment> {
    let fault = || {
        Fault::new(format!(
            "parsing time {:?} as {:?}: cannot parse",
            crate::text::chain::bounded(text, 100),
            crate::text::chain::bounded(layout, 100)
        ))
    };
    let read = read(layout, text).ok_or_else(fault)?;
    let day = date(&read).ok_or_else(fault)?;
    let hour = match read.afternoon {
        Some(true) if read.hour < 12 => read.hour + 12,
        Some(false) if read.hour == 12 => 0,
        _ => read.hour,
    };
    let wall = day * 86_400 + hour * 3600 + read.minute * 60 + read.second;
    let nanosecond = read.nanosecond;
    let at = |zone: &Zone| zone.instant(wall, nanosecond);
    if read.utc {
        return Ok(Moment::new(at(&Zone::utc()), Zone::utc()));
    }
    if let Some(offset) = read.offset {
        let name = read.abbreviation.unwrap_or_default();
        let fixed = Zone::Fixed(name.clone(), offset);
        let instant = at(&fixed);
        let known = local.offset(instant) == i64::from(offset)
            && (name.is_empty() || local.abbreviation(instant).0 == name);
        let zone = if known { local.clone() } else { fixed };
        return Ok(Moment::new(instant, zone));
    }
    if let Some(name) = read.abbreviation {
        return Ok(named(&name, local, wall, nanosecond));
    }
    Ok(Moment::new(at(zone), zone.clone()))
}

/// An abbreviation that the local zone knows is its own; any other is a zone of that name, in which Go takes the wall
/// clock for UTC's, even where it knows an offset (`GMT+3`).
fn named(name: &str, local: &Zone, wall: i64, nanosecond: i64) -> Moment {
    let utc = Zone::utc().instant(wall, nanosecond);
    if let Some(offset) = local.offset_of(name, wall) {
        return Moment::new(utc - i128::from(offset) * 1_000_000_000, local.clone());
    }
    let hours = name
        .strip_prefix("GMT")
        .and_then(|hours| hours.parse::<i32>().ok());
    Moment::new(utc, Zone::Fixed(name.into(), hours.unwrap_or(0) * 3600))
}

fn leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970 of the date that was read.
fn date(read: &Read) -> Option<i64> {
    if let Some(year_day) = read.year_day {
        if !(1..=365 + i64::from(leap(read.year))).contains(&year_day) {
            return None;
        }
        let first = days(read.year, 1, 1)?;
        let day = first + year_day - 1;
        // A month or day given too must agree.
        if let Some(month) = read.month
            && !(days(read.year, month, 1)?..days(read.year, month + 1, 1)?).contains(&day)
        {
            return None;
        }
        let in_month = (1..=12).rev().find_map(|month| {
            let from = days(read.year, month, 1)?;
            (day >= from).then_some(day - from + 1)
        });
        if read.day.is_some() && read.day != in_month {
            return None;
        }
        return Some(day);
    }
    let (month, day) = (read.month.unwrap_or(1), read.day.unwrap_or(1));
    if day < 1 || day > days_in(month, read.year) {
        return None;
    }
    days(read.year, month, day)
}

fn read(layout: &str, text: &str) -> Option<Read> {
    let mut read = Read {
        year: 0,
        month: None,
        day: None,
        year_day: None,
        hour: 0,
        minute: 0,
        second: 0,
        nanosecond: 0,
        afternoon: None,
        utc: false,
        offset: None,
        abbreviation: None,
    };
    let (mut layout, mut text) = (layout, text);
    loop {
        let (before, part, after) = next_part(layout);
        text = skip(text, before)?;
        let Some(part) = part else {
            return text.is_empty().then_some(read);
        };
        text = read.part(part, text, after)?;
        layout = after;
    }
}

/// Takes the literal part of a layout off `text`; spaces there match any number of spaces.
fn skip<'a>(mut text: &'a str, mut literal: &str) -> Option<&'a str> {
    while let Some(c) = literal.chars().next() {
        if c == ' ' {
            if !text.is_empty() && !text.starts_with(' ') {
                return None;
            }
            literal = literal.trim_start_matches(' ');
            text = text.trim_start_matches(' ');
            continue;
        }
        text = text.strip_prefix(c)?;
        literal = &literal[c.len_utf8()..];
    }
    Some(text)
}

/// One or two digits (`fixed`: two).
fn number(text: &str, fixed: bool) -> Option<(i64, &str)> {
    let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    if digits == 0 || fixed && digits == 1 {
        return None;
    }
    Some((text[..digits].parse().ok()?, &text[digits..]))
}

/// Exactly `count` digits.
fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let digits = text.get(..count)?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((digits.parse().ok()?, &text[count..]))
}

fn name<'a>(text: &'a str, names: &[&str], length: Option<usize>) -> Option<(i64, &'a str)> {
    for (index, name) in names.iter().enumerate() {
        let name = &name[..length.unwrap_or(name.len())];
        if let Some(start) = text.get(..name.len())
            && start.eq_ignore_ascii_case(name)
        {
            return Some((index as i64, &text[name.len()..]));
        }
    }
    None
}

fn within(value: (i64, &str), from: i64, to: i64) -> Option<(i64, &str)> {
    (from..=to).contains(&value.0).then_some(value)
}

impl Read {
    fn part<'a>(&mut self, part: Part, text: &'a str, after: &str) -> Option<&'a str> {
        let (value, rest) = match part {
            Part::Year => {
                let (year, rest) = digits(text, 2)?;
                self.year = if year >= 69 { year + 1900 } else { year + 2000 };
                return Some(rest);
            }
            Part::LongYear => digits(text, 4)?,
            Part::Month => name(text, &MONTHS, Some(3)).map(|(n, rest)| (n + 1, rest))?,
            Part::LongMonth => name(text, &MONTHS, None).map(|(n, rest)| (n + 1, rest))?,
            Part::NumMonth | Part::ZeroMonth => {
                within(number(text, part == Part::ZeroMonth)?, 1, 12)?
            }
            Part::Weekday => name(text, &WEEKDAYS, Some(3))?,
            Part::LongWeekday => name(text, &WEEKDAYS, None)?,
            Part::UnderDay => number(text.strip_prefix(' ').unwrap_or(text), false)?,
            Part::Day | Part::ZeroDay => number(text, part == Part::ZeroDay)?,
            Part::UnderYearDay | Part::ZeroYearDay => {
                let padded = part == Part::UnderYearDay;
                let bare = if padded {
                    text.trim_start_matches(' ')
                } else {
                    text
                };
                let width = 3usize.checked_sub(text.len() - bare.len())?;
                digits(bare, width)?
            }
            Part::Hour => within(number(text, false)?, 0, 23)?,
            Part::Hour12 | Part::ZeroHour12 => {
                within(number(text, part == Part::ZeroHour12)?, 0, 12)?
            }
            Part::Minute | Part::ZeroMinute => {
                within(number(text, part == Part::ZeroMinute)?, 0, 59)?
            }
            Part::Second | Part::ZeroSecond => {
                let (second, rest) = within(number(text, part == Part::ZeroSecond)?, 0, 59)?;
                self.second = second;
                return self.unasked_fraction(rest, after);
            }
            Part::UpperPm | Part::LowerPm => return self.half(part, text),
            Part::Abbreviation => return self.zone_name(text),
            Part::Offset { .. } => return self.zone_offset(part, text),
            Part::Fraction { digits, fixed } => return self.fraction(text, digits, fixed),
        };
        match part {
            Part::LongYear => self.year = value,
            Part::Month | Part::LongMonth | Part::NumMonth | Part::ZeroMonth => {
                self.month = Some(value);
            }
            Part::Day | Part::UnderDay | Part::ZeroDay => self.day = Some(value),
            Part::UnderYearDay | Part::ZeroYearDay => self.year_day = Some(value),
            Part::Hour | Part::Hour12 | Part::ZeroHour12 => self.hour = value,
            Part::Minute | Part::ZeroMinute => self.minute = value,
            _ => {}
        }
        Some(rest)
    }

    /// A fraction may follow the seconds even where the layout has none.
    fn unasked_fraction<'a>(&mut self, text: &'a str, after: &str) -> Option<&'a str> {
        let starts =
            text.starts_with(['.', ',']) && text[1..].starts_with(|c: char| c.is_ascii_digit());
        if !starts || matches!(next_part(after), ("", Some(Part::Fraction { .. }), _)) {
            return Some(text);
        }
        // Go looks at the next part only, wherever it is.
        if matches!(next_part(after).1, Some(Part::Fraction { .. })) {
            return Some(text);
        }
        let length = text[1..].bytes().take_while(u8::is_ascii_digit).count();
        self.nanosecond = nanoseconds(&text[1..1 + length]);
        Some(&text[1 + length..])
    }

    fn fraction<'a>(&mut self, text: &'a str, digits: usize, fixed: bool) -> Option<&'a str> {
        let starts = text.starts_with(['.', ',']);
        if fixed {
            let (_, rest) = self::digits(text.get(1..)?, digits).filter(|_| starts)?;
            self.nanosecond = nanoseconds(&text[1..1 + digits]);
            return Some(rest);
        }
        if !starts || !text[1..].starts_with(|c: char| c.is_ascii_digit()) {
            return Some(text);
        }
        let length = text[1..]
            .bytes()
            .take(9)
            .take_while(u8::is_ascii_digit)
            .count();
        self.nanosecond = nanoseconds(&text[1..1 + length]);
        Some(&text[1 + length..])
    }

    fn half<'a>(&mut self, part: Part, text: &'a str) -> Option<&'a str> {
        let (afternoon, morning) = if part == Part::UpperPm {
            ("PM", "AM")
        } else {
            ("pm", "am")
        };
        if let Some(rest) = text.strip_prefix(afternoon) {
            self.afternoon = Some(true);
            return Some(rest);
        }
        self.afternoon = Some(false);
        text.strip_prefix(morning)
    }

    fn zone_offset<'a>(&mut self, part: Part, text: &'a str) -> Option<&'a str> {
        let Part::Offset {
            z,
            colon,
            short,
            seconds,
        } = part
        else {
            return None;
        };
        if z && let Some(rest) = text.strip_prefix('Z') {
            self.utc = true;
            return Some(rest);
        }
        let (sign, mut rest) = match text.as_bytes().first()? {
            b'+' => (1, &text[1..]),
            b'-' => (-1, &text[1..]),
            _ => return None,
        };
        let mut total = 0;
        for (unit, wanted, most) in [(3600, true, 24), (60, !short, 59), (1, seconds, 59)] {
            if !wanted {
                continue;
            }
            if colon && unit != 3600 {
                rest = rest.strip_prefix(':')?;
            }
            let (value, after) = within(digits(rest, 2)?, 0, most)?;
            total += value as i32 * unit;
            rest = after;
        }
        self.offset = Some(sign * total);
        Some(rest)
    }

    fn zone_name<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        if let Some(rest) = text.strip_prefix("UTC") {
            self.utc = true;
            return Some(rest);
        }
        let length = abbreviation_length(text)?;
        self.abbreviation = Some(text[..length].into());
        Some(&text[length..])
    }
}

fn nanoseconds(digits: &str) -> i64 {
    let kept: String = digits
        .chars()
        .chain(std::iter::repeat('0'))
        .take(9)
        .collect();
    kept.parse().unwrap_or(0)
}

/// How long the abbreviation at the start is, by Go's rules of thumb; nothing if there is none.
fn abbreviation_length(text: &str) -> Option<usize> {
    if text.len() < 3 {
        return None;
    }
    if text.starts_with("ChST") || text.starts_with("MeST") {
        return Some(4);
    }
    if let Some(rest) = text.strip_prefix("GMT") {
        return Some(3 + signed_hours(rest));
    }
    if text.starts_with(['+', '-']) {
        let length = signed_hours(text);
        return (length > 0).then_some(length);
    }
    let letters = text
        .bytes()
        .take(6)
        .take_while(u8::is_ascii_uppercase)
        .count();
    match letters {
        5 if text.as_bytes()[4] == b'T' => Some(5),
        4 if text.as_bytes()[3] == b'T' || text.starts_with("WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

/// The length of an offset in hours such as `+3`.
fn signed_hours(text: &str) -> usize {
    if !text.starts_with(['+', '-']) {
        return 0;
    }
    let digits = text[1..].bytes().take_while(u8::is_ascii_digit).count();
    match text[1..1 + digits].parse::<u32>() {
        Ok(hours) if hours < 24 => 1 + digits,
        _ => 0,
    }
}
