//! Time zones by name: IANA's, and those that Zendesk shows.

use jiff::tz::TimeZone;

use super::rails_zones;

/// How alike a name must be to one that is known to be suggested, from 0 to 1.
const LIKENESS_MIN: f64 = 0.8;

/// The zone of this name.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(rails_zones::iana(name).unwrap_or(name)).ok()
}

/// What is wrong with a name that is neither an IANA zone's nor one that Zendesk shows, with the nearest one that is;
/// None when it is one.
pub fn time_zone_problem(name: &str) -> Option<String> {
    if zone(name).is_some() {
        return None;
    }
    let known = jiff::tz::db().available().map(|known| known.as_str().to_owned());
    let known = known.chain(rails_zones::names().map(str::to_owned));
    let scored = known.map(|known| (likeness(name, &known), known));
    Some(match scored.max_by(|left, right| left.0.total_cmp(&right.0)) {
        Some((likeness, nearest)) if likeness >= LIKENESS_MIN => {
            format!("unknown time zone `{name}`; did you mean `{nearest}`?")
        }
        _ => format!("unknown time zone `{name}`; write an IANA name, for example `Europe/Madrid`"),
    })
}

/// People leave the continent out.
fn likeness(name: &str, known: &str) -> f64 {
    let alike = |known: &str| strsim::jaro_winkler(&name.to_lowercase(), &known.to_lowercase());
    let city = known.rsplit('/').next().unwrap_or(known);
    // The whole name goes first where both are as near.
    alike(known).max(alike(city) * 0.999)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: &str) {
        let problem = time_zone_problem(name).unwrap();
        assert!(problem.contains(&format!("did you mean `{expected}`?")), "{problem}");
    }

    #[test]
    fn the_nearest_name_is_suggested_for_one_that_is_no_zones() {
        check("Europe/Madird", "Europe/Madrid");
        check("Europe/Munich", "Europe/Zurich");
        check("Madrid ", "Madrid");
        check("america/newyork", "America/New_York");
        check("Eastern Time (US and Canada)", "Eastern Time (US & Canada)");
    }

    #[test]
    fn nothing_is_suggested_for_a_name_that_is_like_none() {
        let problem = time_zone_problem("xqzj").unwrap();
        assert!(problem.contains("for example `Europe/Madrid`"), "{problem}");
        assert!(
            ["Europe/Madrid", "europe/madrid", "Hawaii"].iter().all(|name| time_zone_problem(name).is_none())
        );
    }
}
