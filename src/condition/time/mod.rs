//! Instants with a time zone: what Go's `time.Time` and `*time.Location` are to a condition.
//!
//! Zones come from the bundled database; the local zone is UTC, as in Argo's image.

mod layout;
mod parse;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

use super::budget::{Fault, Ran};
use super::value::Value;

pub(super) use layout::format;
pub(super) use parse::parse;

/// A point in time and the zone it is told in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moment {
    pub(super) at: Timestamp,
    pub(super) zone: Zone,
}

/// A time zone under the name that Go gives it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Zone {
    /// From the database, or UTC and the local zone.
    Named(String, TimeZone),
    /// Made from an offset (seconds east) or an abbreviation in a text.
    Fixed(String, i32),
}

/// Between the zero time of Go (year 1) and that of Unix.
const YEAR_ONE: i128 = -62_135_596_800 * NANOS;
const NANOS: i128 = 1_000_000_000;

impl Zone {
    pub(super) fn utc() -> Self {
        Zone::Named("UTC".into(), TimeZone::UTC)
    }

    pub(super) fn local() -> Self {
        Zone::Named("Local".into(), TimeZone::UTC)
    }

    /// Go's `time.LoadLocation`: names in their exact spelling.
    pub(super) fn load(name: &str) -> Ran<Zone> {
        match name {
            "" | "UTC" => return Ok(Zone::utc()),
            "Local" => return Ok(Zone::local()),
            _ => {}
        }
        let database = TimeZoneDatabase::bundled();
        let unknown = || Fault::new(format!("unknown time zone {name}"));
        let tz = database.get(name).map_err(|_| unknown())?;
        if tz.iana_name() != Some(name) {
            return Err(unknown());
        }
        Ok(Zone::Named(name.into(), tz))
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Zone::Named(name, _) | Zone::Fixed(name, _) => name,
        }
    }

    /// Seconds east of UTC at `at`.
    pub(super) fn offset(&self, at: Timestamp) -> i32 {
        match self {
            Zone::Named(_, tz) => tz.to_offset(at).seconds(),
            Zone::Fixed(_, seconds) => *seconds,
        }
    }

    /// The abbreviation at `at`, and whether summer time holds.
    pub(super) fn abbreviation(&self, at: Timestamp) -> (String, bool) {
        match self {
            Zone::Named(_, tz) => {
                let info = tz.to_offset_info(at);
                (info.abbreviation().to_owned(), info.dst().is_dst())
            }
            Zone::Fixed(name, _) => (name.clone(), false),
        }
    }

    /// The instant of a wall clock time, chosen as Go's `time.Date` does where there are none or two.
    pub(super) fn instant(&self, wall_seconds: i64, nanosecond: i32) -> Ran<Timestamp> {
        let at = |seconds: i64| Timestamp::new(seconds, nanosecond).map_err(|_| out_of_range());
        let first = self.offset(at(wall_seconds)?);
        let utc = wall_seconds - i64::from(first);
        at(wall_seconds - i64::from(self.offset(at(utc)?)))
    }
}

pub(super) fn out_of_range() -> Fault {
    Fault::new("the time is out of the years -9999 to 9999")
}

/// Days since 1970 of a proleptic Gregorian date; `month` counts from 1 and may lie outside a year, `day` outside a month.
pub(super) fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let months = month.checked_sub(1)?;
    let year = year.checked_add(months.div_euclid(12))?;
    if !(-100_000..=100_000).contains(&year) {
        return None;
    }
    // Years from March, so that the leap day is the last.
    let month = months.rem_euclid(12);
    let (year, month) = if month < 2 {
        (year - 1, month + 10)
    } else {
        (year, month - 2)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let before = 365 * year + leap_days + (153 * month + 2) / 5 - 719_469;
    before.checked_add(day)
}

impl Moment {
    pub(super) fn new(at: Timestamp, zone: Zone) -> Self {
        Self { at, zone }
    }

    /// The wall clock.
    pub(super) fn civil(&self) -> DateTime {
        match Offset::from_seconds(self.zone.offset(self.at)) {
            Ok(offset) => offset.to_datetime(self.at),
            Err(_) => Offset::UTC.to_datetime(self.at),
        }
    }

    pub(super) fn plus(&self, nanoseconds: i64) -> Ran<Moment> {
        self.at_nanosecond(self.at.as_nanosecond() + i128::from(nanoseconds))
    }

    fn at_nanosecond(&self, nanosecond: i128) -> Ran<Moment> {
        let at = Timestamp::from_nanosecond(nanosecond).map_err(|_| out_of_range())?;
        Ok(Moment::new(at, self.zone.clone()))
    }

    /// Nanoseconds from `other` to this, at most what Go's duration holds.
    pub(super) fn since(&self, other: &Moment) -> i64 {
        let between = self.at.as_nanosecond() - other.at.as_nanosecond();
        between.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }

    /// Go's `AddDate`: days past a month's end run into the next.
    pub(super) fn add_date(&self, years: i64, months: i64, by_days: i64) -> Ran<Moment> {
        let now = self.civil();
        let wall = i64::from(now.year())
            .checked_add(years)
            .zip(i64::from(now.month()).checked_add(months))
            .zip(i64::from(now.day()).checked_add(by_days))
            .and_then(|((year, month), day)| days(year, month, day))
            .and_then(|day| day.checked_mul(86_400))
            .ok_or_else(out_of_range)?;
        let clock =
            i64::from(now.hour()) * 3600 + i64::from(now.minute()) * 60 + i64::from(now.second());
        let at = self
            .zone
            .instant(wall.saturating_add(clock), now.subsec_nanosecond())?;
        Ok(Moment::new(at, self.zone.clone()))
    }

    /// Go's `Truncate` and `Round`: multiples of `step` since year 1.
    pub(super) fn to_multiple(&self, step: i64, round: bool) -> Ran<Moment> {
        if step <= 0 {
            return Ok(self.clone());
        }
        let step = i128::from(step);
        let rest = (self.at.as_nanosecond() - YEAR_ONE).rem_euclid(step);
        let up = round && rest * 2 >= step;
        self.at_nanosecond(self.at.as_nanosecond() - rest + if up { step } else { 0 })
    }

    pub(super) fn is_zero(&self) -> bool {
        self.at.as_nanosecond() == YEAR_ONE
    }

    /// Go's `Time.String`.
    pub(super) fn write(&self) -> String {
        format(self, "2006-01-02 15:04:05.999999999 -0700 MST")
    }
}

impl From<Moment> for Value {
    fn from(moment: Moment) -> Value {
        Value::Time(Arc::new(moment))
    }
}
