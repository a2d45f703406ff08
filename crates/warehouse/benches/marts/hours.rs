//! The business hours of made-up accounts.

use deskmeter_warehouse::{AppliesTo, Hours, ScheduleSpec};

/// Nine to five, Monday to Friday.
pub(crate) fn nine_to_five() -> ScheduleSpec {
    let open = || vec![(540, 1_020)];
    ScheduleSpec {
        name: "default".into(),
        applies_to: AppliesTo::default(),
        hours: Hours {
            time_zone: "Europe/Berlin".into(),
            weekly: [open(), open(), open(), open(), open(), vec![], vec![]],
            holidays: vec![],
            special_days: vec![],
        },
        changes: vec![],
    }
}
