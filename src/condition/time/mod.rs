//! Instants with a time zone: what Go's `time.Time` and `*time.Location` are to a condition.
//!
//! Zones come from the bundled database; the local zone is UTC, as in Argo's image.

mod layout;
mod parse;

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::budget::{Fault, Ran};
use super::value::Value;

pub(super) use layout::{MONTHS, WEEKDAYS, format};
pub(super) use parse::parse;

/// A point in time and the zone it is told in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moment {
    /// Nanoseconds since 1970.
    pub(super) at: i128,
    pub(super) zone: Zone,
}

/// A wall clock: what a layout writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i64,
    /// January is 1.
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) nanosecond: i64,
    /// Sunday is 0.
    pub(super) weekday: i64,
    /// 1 January is 1.
    pub(super) year_day: i64,
}

/// A time zone under the name that Go gives it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Zone {
    /// From the database, or UTC and the local zone.
    Named(String, TimeZone),
    /// Made from an offset (seconds east) or an abbreviation in a text.
    Fixed(String, i32),
}

static BUNDLED: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Between the zero time of Go (year 1) and that of Unix.
const YEAR_ONE: i128 = -62_135_596_800 * NANOS;
const NANOS: i128 = 1_000_000_000;
/// Years that can be told, either side of 1970; Go's reach further.
const YEARS: i64 = 20_000;

impl Zone {
    pub(super) fn utc() -> Self {
        Zone::Named("UTC".into(), TimeZone::UTC)
    }

    /// Go's local zone where neither `TZ` nor `/etc/localtime` says otherwise.
    pub(super) fn local() -> Self {
        Zone::utc()
    }

    /// Go's `time.LoadLocation`: names in their exact spelling.
    pub(super) fn load(name: &str) -> Ran<Zone> {
        match name {
            "" | "UTC" => return Ok(Zone::utc()),
            "Local" => return Ok(Zone::local()),
            _ => {}
        }
        let unknown = || Fault::new(format!("unknown time zone {name}"));
        let tz = BUNDLED.get(name).map_err(|_| unknown())?;
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
    pub(super) fn offset(&self, at: i128) -> i64 {
        match self {
            Zone::Named(_, tz) => i64::from(tz.to_offset(near(at)).seconds()),
            Zone::Fixed(_, seconds) => i64::from(*seconds),
        }
    }

    /// The abbreviation at `at`, and whether summer time holds.
    pub(super) fn abbreviation(&self, at: i128) -> (String, bool) {
        match self {
            Zone::Named(_, tz) => {
                let info = tz.to_offset_info(near(at));
                (info.abbreviation().to_owned(), info.dst().is_dst())
            }
            Zone::Fixed(name, _) => (name.clone(), false),
        }
    }

    /// The offset that the zone has under an abbreviation: best one that held at this wall clock (Go's `lookupName`).
    fn offset_of(&self, abbreviation: &str, wall_seconds: i64) -> Option<i64> {
        let Zone::Named(_, tz) = self else {
            return (self.name() == abbreviation).then(|| self.offset(0));
        };
        let wall = i128::from(wall_seconds) * NANOS;
        let changes = tz
            .preceding(near(wall))
            .take(CHANGES)
            .map(|change| change.timestamp());
        let later = tz
            .following(near(wall))
            .take(2)
            .map(|change| change.timestamp());
        let offsets: Vec<i64> = std::iter::once(near(wall))
            .chain(later)
            .chain(changes)
            .filter(|at| tz.to_offset_info(*at).abbreviation() == abbreviation)
            .map(|at| i64::from(tz.to_offset(at).seconds()))
            .collect();
        let held = offsets.iter().find(|offset| {
            self.abbreviation(wall - i128::from(**offset) * NANOS).0 == abbreviation
        });
        held.or(offsets.first()).copied()
    }

    /// The instant of a wall clock time, chosen as Go's `time.Date` does where there are none or two.
    pub(super) fn instant(&self, wall_seconds: i64, nanosecond: i64) -> i128 {
        let at = |seconds: i64| i128::from(seconds) * NANOS + i128::from(nanosecond);
        let utc = wall_seconds - self.offset(at(wall_seconds));
        at(wall_seconds - self.offset(at(utc)))
    }
}

/// Changes of a zone looked through for an abbreviation.
const CHANGES: usize = 400;

/// The instant as far as zones are known; outside, the last known offset holds.
fn near(at: i128) -> Timestamp {
    let edge = if at < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Timestamp::from_nanosecond(at).unwrap_or(edge)
}

pub(super) fn out_of_range() -> Fault {
    Fault::new(format!("the time is more than {YEARS} years from 1970"))
}

/// Days since 1970 of a proleptic Gregorian date; `month` counts from 1 and may lie outside a year, `day` outside a month.
pub(super) fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let months = month.checked_sub(1)?;
    let year = year.checked_add(months.div_euclid(12))?;
    if !(-2 * YEARS..=2 * YEARS).contains(&year) {
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

/// Year, month and day of a day since 1970.
fn date(day: i64) -> (i64, i64, i64) {
    // Days since 1 March of year 0, in cycles of 400 years; years from March.
    let shifted = day + 719_468;
    let (cycle, in_cycle) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (in_cycle - in_cycle / 1_460 + in_cycle / 36_524 - in_cycle / 146_096) / 365;
    let in_year = in_cycle - (365 * year + year / 4 - year / 100);
    let month = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month + 2) / 5 + 1;
    let year = year + 400 * cycle;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

impl Moment {
    pub(super) fn new(at: i128, zone: Zone) -> Self {
        Self { at, zone }
    }

    /// Go's zero time: the first instant of year 1.
    pub(super) fn zero() -> Self {
        Self::new(YEAR_ONE, Zone::utc())
    }

    /// The wall clock.
    pub(super) fn civil(&self) -> Civil {
        let wall = self.at.div_euclid(NANOS) as i64 + self.zone.offset(self.at);
        let (day, clock) = (wall.div_euclid(86_400), wall.rem_euclid(86_400));
        let (year, month, in_month) = date(day);
        let new_year = days(year, 1, 1).unwrap_or(day);
        Civil {
            year,
            month,
            day: in_month,
            hour: clock / 3600,
            minute: clock / 60 % 60,
            second: clock % 60,
            nanosecond: self.at.rem_euclid(NANOS) as i64,
            weekday: (day + 4).rem_euclid(7),
            year_day: day - new_year + 1,
        }
    }

    /// The year of the ISO week: that of its Thursday.
    pub(super) fn iso_year(&self) -> i64 {
        let civil = self.civil();
        let day = days(civil.year, civil.month, civil.day).unwrap_or(0);
        date(day + 3 - (civil.weekday + 6) % 7).0
    }

    pub(super) fn plus(&self, nanoseconds: i64) -> Ran<Moment> {
        self.at_nanosecond(self.at + i128::from(nanoseconds))
    }

    fn at_nanosecond(&self, at: i128) -> Ran<Moment> {
        if at.abs() > i128::from(YEARS) * 31_556_952 * NANOS {
            return Err(out_of_range());
        }
        Ok(Moment::new(at, self.zone.clone()))
    }

    /// Nanoseconds from `other` to this, at most what Go's duration holds.
    pub(super) fn since(&self, other: &Moment) -> i64 {
        let between = self.at - other.at;
        between.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }

    /// Go's `AddDate`: days past a month's end run into the next.
    pub(super) fn add_date(&self, years: i64, months: i64, by_days: i64) -> Ran<Moment> {
        let now = self.civil();
        let wall = now
            .year
            .checked_add(years)
            .zip(now.month.checked_add(months))
            .zip(now.day.checked_add(by_days))
            .and_then(|((year, month), day)| days(year, month, day))
            .filter(|day| day.abs() < YEARS * 400)
            .ok_or_else(out_of_range)?
            * 86_400;
        let clock = now.hour * 3600 + now.minute * 60 + now.second;
        self.at_nanosecond(self.zone.instant(wall + clock, now.nanosecond))
    }

    /// Go's `Truncate` and `Round`: multiples of `step` since year 1.
    pub(super) fn to_multiple(&self, step: i64, round: bool) -> Ran<Moment> {
        if step <= 0 {
            return Ok(self.clone());
        }
        let step = i128::from(step);
        let rest = (self.at - YEAR_ONE).rem_euclid(step);
        let up = round && rest * 2 >= step;
        self.at_nanosecond(self.at - rest + if up { step } else { 0 })
    }

    pub(super) fn is_zero(&self) -> bool {
        self.at == YEAR_ONE
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
