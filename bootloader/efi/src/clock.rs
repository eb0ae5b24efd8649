//! The time for boot records, from the firmware's clock.

use time::PrimitiveDateTime;
use uefi::runtime;

/// 2025-01-01: a clock that shows an earlier time has not been set.
const EARLIEST: i64 = 1_735_689_600;

/// Unix time in seconds, 0 when it is not known.
pub fn unix_time() -> u64 {
    let Ok(time) = runtime::get_time() else {
        return 0;
    };
    // UTC = local time + zone (UEFI 2.10 §8.3). A clock that does not tell its zone is taken for one in UTC.
    let zone_seconds = i64::from(time.time_zone().unwrap_or(0)) * 60;
    let Ok(local) = PrimitiveDateTime::try_from(time) else {
        return 0;
    };
    let seconds = local.assume_utc().unix_timestamp() + zone_seconds;
    if seconds < EARLIEST {
        0
    } else {
        seconds.unsigned_abs()
    }
}
