//! Every model with its lineage, in an order in which each comes after what it reads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use datafusion::error::Result as EngineResult;

use super::description::Description;
use super::files::{self, ModelFiles};
use super::sql;
use crate::Error;
use crate::session::EVER_ASSIGNED;

/// The results of a refresh's checks, given to the models that are made after all others.
pub(crate) const CHECK_RESULTS: &str = "check_results";

/// The mart that keeps them.
pub(crate) const DATA_CHECKS: &str = "data_checks";

/// Tables that the warehouse itself gives to models: its options, everyone whom any ticket was ever assigned to,
/// whichever months a refresh looks at, and what its checks found.
pub(crate) const GIVEN: [&str; 5] =
    ["config_labels", "config_schedules", "config_tiers", EVER_ASSIGNED, CHECK_RESULTS];

/// The step of the way from collected tables to what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// Renames and casts one collected table.
    Staging,
    /// One idea on the way.
    Intermediate,
    /// What people read; kept in the lake.
    Mart,
}

impl Layer {
    /// The layer's folder below `sql/`.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Intermediate => "intermediate",
            Self::Mart => "marts",
        }
    }

    pub(crate) fn of_folder(folder: &str) -> Self {
        match folder {
            "staging" => Self::Staging,
            "intermediate" => Self::Intermediate,
            _ => Self::Mart,
        }
    }
}

/// A model: its SQL, its description and its place among the others.
#[derive(Debug, Clone)]
pub struct Model {
    /// Name in SQL: the file's name.
    pub name: String,
    /// Its layer.
    pub layer: Layer,
    /// Text of the `.sql` file.
    pub sql: String,
    /// Whether it does not come with deskmeter, or says something else than there.
    pub is_own: bool,
    /// What stands in the `.toml`.
    pub description: Description,
    /// Models and collected tables that it reads, by name.
    pub upstream: Vec<String>,
    /// Models that read it, by name.
    pub downstream: Vec<String>,
}

/// The column by which the rows of a ticket are told from those of others.
pub(crate) const TICKET: &str = "ticket_id";

impl Model {
    /// Whether each row of a mart is about one ticket and made from the rows of that ticket alone.
    pub(crate) fn is_of_tickets(&self) -> bool {
        let mut columns = self.description.columns.iter();
        self.description.partition.is_some() && columns.any(|column| column.name == TICKET)
    }
}

/// Collected tables that hold rows of every ticket: where there are tickets and none of these rows, they could not be
/// read. A model may need them.
pub(crate) const OF_EVERY_TICKET: [&str; 2] = ["ticket_events", "ticket_metric_events"];

/// Every model, each after what it reads.
#[derive(Debug, Clone)]
pub struct Catalogue {
    models: Vec<Model>,
}

impl Catalogue {
    /// Reads the shipped models and those of `folder`; reports all problems at once.
    pub(crate) fn read(folder: Option<&Path>) -> Result<Self, Error> {
        let mut problems = Vec::new();
        let mut models = BTreeMap::new();
        for (name, files) in files::all(folder)? {
            match describe(&name, files) {
                Ok(model) => {
                    models.insert(name, model);
                }
                Err(problem) => problems.push(problem),
            }
        }
        problems.extend(unknown_references(&models));
        problems.extend(wrong_statements(&models));
        problems.extend(wrong_needs(&models));
        problems.extend(wrong_days(&models));
        let order = ordered(&models);
        problems.extend(order.as_ref().err().cloned());
        if !problems.is_empty() {
            return Err(Error::Models(problems));
        }
        let mut sorted: Vec<Model> =
            order.unwrap_or_default().iter().filter_map(|name| models.remove(name)).collect();
        link_downstream(&mut sorted);
        Ok(Self { models: sorted })
    }

    /// All models, each after what it reads.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The model of this name.
    pub fn get(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.name == name)
    }

    /// Whether the model is about the checks of a refresh, and so made when all others are made and checked.
    pub(crate) fn is_about_checks(&self, model: &Model) -> bool {
        model.upstream.iter().any(|name| {
            name == CHECK_RESULTS || self.get(name).is_some_and(|upstream| self.is_about_checks(upstream))
        })
    }

    /// The tables, views and marts that statements read, with what the views read; and the operator's own marts.
    pub(crate) fn read_by<'a>(
        &self,
        statements: impl IntoIterator<Item = &'a str>,
    ) -> EngineResult<BTreeSet<String>> {
        let own = self.marts().filter(|mart| mart.is_own);
        let mut names: BTreeSet<String> = own.map(|mart| mart.name.clone()).collect();
        for statement in statements {
            names.extend(sql::references(&sql::parse_one(statement)?)?);
        }
        // Views come after what they read.
        for model in self.models.iter().rev().filter(|model| model.layer != Layer::Mart) {
            if names.contains(&model.name) {
                names.extend(model.upstream.iter().cloned());
            }
        }
        Ok(names)
    }

    /// The marts, each after what it reads.
    pub fn marts(&self) -> impl Iterator<Item = &Model> {
        self.models.iter().filter(|model| model.layer == Layer::Mart)
    }
}

fn describe(name: &str, files: ModelFiles) -> Result<Model, String> {
    if deskmeter_tables::by_name(name).is_some() || GIVEN.contains(&name) {
        return Err(format!("{name}.sql: {name} is a table already; give the model another name"));
    }
    if files.is_twice {
        return Err(format!("{name}.sql stands in two folders; give one of them another name"));
    }
    let Some(toml) = &files.toml else {
        return Err(format!(
            "{name}.sql has no {name}.toml beside it; write at least about, grain and key there (sql/README.md)"
        ));
    };
    let description: Description =
        toml::from_str(toml).map_err(|error| format!("{name}.toml: {}", error.message()))?;
    let statement = sql::parse_one(&files.sql).map_err(|error| format!("{name}.sql: {error}"))?;
    let upstream = sql::references(&statement).map_err(|error| format!("{name}.sql: {error}"))?;
    Ok(Model {
        name: name.to_owned(),
        is_own: !files::is_shipped(name, &files.sql),
        layer: files.layer,
        sql: files.sql,
        description,
        upstream: upstream.into_iter().collect(),
        downstream: Vec::new(),
    })
}

fn unknown_references(models: &BTreeMap<String, Model>) -> Vec<String> {
    let mut problems = Vec::new();
    for model in models.values() {
        for name in &model.upstream {
            let is_known = models.contains_key(name)
                || GIVEN.contains(&name.as_str())
                || deskmeter_tables::by_name(name).is_some();
            if !is_known {
                problems
                    .push(format!("{}.sql reads {name}, which is neither a model nor a table", model.name));
            }
        }
    }
    problems
}

/// Own checks and explanations that cannot be read, or that read what is not there when they run.
fn wrong_statements(models: &BTreeMap<String, Model>) -> Vec<String> {
    let mut problems = Vec::new();
    for model in models.values() {
        for check in &model.description.checks {
            let place = format!("{}.toml: check {:?}", model.name, check.name);
            match sql::parse_one(&check.sql).and_then(|statement| sql::references(&statement)) {
                Err(error) => problems.push(format!("{place}: {error}")),
                Ok(names) => problems.extend(
                    names
                        .iter()
                        .filter(|name| !may_be_checked_against(models, name))
                        .map(|name| format!("{place} reads {name}; it may read marts and staging models")),
                ),
            }
        }
        for explain in &model.description.explain {
            let place = format!("{}.toml: explanation of {}", model.name, explain.metric);
            match sql::parse_one(&explain.sql).and_then(|statement| sql::references(&statement)) {
                Err(error) => problems.push(format!("{place}: {error}")),
                Ok(names) => problems.extend(
                    names
                        .iter()
                        .filter(|name| !may_be_explained_by(models, name))
                        .map(|name| format!("{place} reads {name}; it may read models below the marts")),
                ),
            }
            let described =
                |name: &&String| model.description.columns.iter().all(|column| column.name != **name);
            let unknown =
                explain.columns.iter().chain(&explain.facts).chain(&explain.named_by).filter(described);
            problems.extend(unknown.map(|name| format!("{place}: there is no column {name}")));
        }
    }
    problems
}

/// Needs of tables that are never looked for.
fn wrong_needs(models: &BTreeMap<String, Model>) -> Vec<String> {
    let of = |model: &Model| {
        let wrong = model.description.all_needs().filter(|need| !OF_EVERY_TICKET.contains(need));
        let problem =
            |need| format!("{}.toml needs {need}; it may need {}", model.name, OF_EVERY_TICKET.join(", "));
        wrong.map(problem).collect::<BTreeSet<String>>()
    };
    models.values().flat_map(of).collect()
}

/// Sums by day of columns that are not there.
fn wrong_days(models: &BTreeMap<String, Model>) -> Vec<String> {
    let has =
        |model: &Model, name: &String| model.description.columns.iter().any(|column| column.name == *name);
    let mut problems = Vec::new();
    for (model, days) in models.values().filter_map(|model| Some((model, model.description.days.as_ref()?))) {
        let mut problem = |what: String| problems.push(format!("{}.toml: [days] {what}", model.name));
        if !has(model, &days.column) {
            problem(format!("there is no column {}", days.column));
        }
        for name in read_through(models, model) {
            if days.sums.iter().all(|summed| summed.mart != name) {
                problem(format!("{name} is read, and is none of its sums"));
            }
        }
        for summed in &days.sums {
            match models.get(&summed.mart).filter(|mart| mart.is_of_tickets()) {
                None => problem(format!("{} is no mart of tickets", summed.mart)),
                Some(mart) => summed
                    .columns()
                    .filter(|name| !has(mart, name))
                    .for_each(|name| problem(format!("there is no column {}.{name}", summed.mart))),
            }
        }
    }
    problems
}

/// The marts and tables that a model reads, also through intermediate models.
fn read_through<'a>(models: &'a BTreeMap<String, Model>, model: &'a Model) -> BTreeSet<&'a str> {
    let mut read = BTreeSet::new();
    for name in &model.upstream {
        match models.get(name).filter(|upstream| upstream.layer == Layer::Intermediate) {
            Some(upstream) => read.extend(read_through(models, upstream)),
            None => {
                read.insert(name.as_str());
            }
        }
    }
    read
}

fn may_be_explained_by(models: &BTreeMap<String, Model>, name: &str) -> bool {
    models.get(name).map_or(GIVEN.contains(&name), |model| model.layer != Layer::Mart)
}

fn may_be_checked_against(models: &BTreeMap<String, Model>, name: &str) -> bool {
    let is_kept = |model: &Model| model.layer != Layer::Intermediate;
    models.get(name).map_or(GIVEN.contains(&name), is_kept)
}

fn ordered(models: &BTreeMap<String, Model>) -> Result<Vec<String>, String> {
    let mut order: Vec<String> = Vec::with_capacity(models.len());
    let mut done: BTreeSet<&str> = BTreeSet::new();
    while done.len() < models.len() {
        let ready: Vec<&str> = models
            .iter()
            .filter(|(name, _)| !done.contains(name.as_str()))
            .filter(|(_, model)| {
                model.upstream.iter().all(|up| !models.contains_key(up) || done.contains(up.as_str()))
            })
            .map(|(name, _)| name.as_str())
            .collect();
        if ready.is_empty() {
            let stuck: Vec<&str> =
                models.keys().map(String::as_str).filter(|name| !done.contains(name)).collect();
            return Err(format!("models read each other in a circle: {}", stuck.join(", ")));
        }
        order.extend(ready.iter().map(|name| (*name).to_owned()));
        done.extend(ready);
    }
    Ok(order)
}

fn link_downstream(models: &mut [Model]) {
    let mut readers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for model in models.iter() {
        for name in &model.upstream {
            readers.entry(name.clone()).or_default().push(model.name.clone());
        }
    }
    for model in models {
        model.downstream = readers.remove(&model.name).unwrap_or_default();
    }
}
