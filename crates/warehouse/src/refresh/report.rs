//! What a refresh did.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::models::{Check, Layer, Severity};

/// What a refresh did, model by model.
#[derive(Debug, Clone, Default)]
pub struct RefreshReport {
    /// The instant as of which the marts hold, seconds since the epoch.
    pub as_of: i64,
    /// The models that were evaluated, in order.
    pub models: Vec<ModelReport>,
    /// Months in which the tickets were created that were made anew; none when all were.
    pub months: Option<BTreeSet<String>>,
    /// Whether readers see the marts: not where a check of severity `fail` found rows against it.
    pub is_published: bool,
    /// What a reader of the marts should know: missing schedules, tiers or streams.
    pub warnings: Vec<String>,
}

impl RefreshReport {
    /// The checks that found rows against them.
    pub fn violations(&self) -> impl Iterator<Item = (&ModelReport, &CheckReport)> {
        let pairs = self.models.iter().flat_map(|model| model.checks.iter().map(move |check| (model, check)));
        pairs.filter(|(_, check)| check.violations > 0)
    }

    /// Whether a check of severity `fail` found rows against it.
    pub fn has_failed(&self) -> bool {
        has_failed(&self.models)
    }
}

/// Whether a check of severity `fail` found rows against it.
pub(crate) fn has_failed(models: &[ModelReport]) -> bool {
    let mut checks = models.iter().flat_map(|model| &model.checks);
    checks.any(|check| check.violations > 0 && check.severity == Severity::Fail)
}

/// One model of a refresh.
#[derive(Debug, Clone)]
pub struct ModelReport {
    /// The model.
    pub name: String,
    /// Its layer.
    pub layer: Layer,
    /// Rows made; none for a view, which is evaluated where it is read.
    pub rows: Option<u64>,
    /// Time that planning and evaluating it took, beside another model.
    pub elapsed: Duration,
    /// Every check that ran.
    pub checks: Vec<CheckReport>,
}

/// One check of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckReport {
    /// What must hold: `key is unique`, `status is not null`.
    pub check: String,
    /// What a violation means.
    pub severity: Severity,
    /// Rows that were looked at.
    pub rows: u64,
    /// Rows against it.
    pub violations: u64,
}

impl CheckReport {
    pub(crate) fn of(check: Check, rows: u64, violations: u64) -> Self {
        Self { check: check.name, severity: check.severity, rows, violations }
    }
}

/// Adds the reports of a further part of the same models: rows, times and violations add up.
pub(crate) fn add_up(reports: &mut Vec<ModelReport>, part: Vec<ModelReport>) {
    for report in part {
        let Some(sum) = reports.iter_mut().find(|sum| sum.name == report.name) else {
            reports.push(report);
            continue;
        };
        sum.rows = sum.rows.zip(report.rows).map(|(sum, rows)| sum + rows);
        sum.elapsed += report.elapsed;
        for (sum, check) in sum.checks.iter_mut().zip(report.checks) {
            sum.rows += check.rows;
            sum.violations += check.violations;
        }
    }
}
