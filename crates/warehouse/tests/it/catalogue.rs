use std::collections::HashSet;
use std::fs;

use deskmeter_warehouse::{
    Catalogue, Error, Layer, MemoryTables, Model, RefreshScope, Warehouse, WarehouseOptions,
};

fn warehouse() -> Warehouse {
    Warehouse::new(WarehouseOptions::default()).unwrap()
}

#[test]
fn each_model_comes_after_what_it_reads_and_knows_who_reads_it() {
    let warehouse = warehouse();
    let catalogue = warehouse.catalogue();
    let mut seen = HashSet::new();
    for model in catalogue.models() {
        for name in &model.upstream {
            if let Some(upstream) = catalogue.get(name) {
                assert!(seen.contains(name.as_str()), "{} reads {name}", model.name);
                assert!(upstream.downstream.contains(&model.name), "{name} is read by {}", model.name);
            }
        }
        seen.insert(model.name.as_str());
    }
    let metrics = catalogue.get("ticket_metrics").unwrap();
    assert!(metrics.downstream.contains(&"resolution_summary".to_owned()));
}

#[test]
fn layers_keep_their_rules() {
    let warehouse = warehouse();
    let catalogue = warehouse.catalogue();
    for model in catalogue.models() {
        let reads_table = model.upstream.iter().any(|name| deskmeter_tables::by_name(name).is_some());
        assert_eq!(reads_table, model.layer == Layer::Staging, "{}: only staging reads tables", model.name);
        let is_monthly = model.description.partition.is_some();
        if model.layer == Layer::Mart && !is_monthly {
            let steps = model.upstream.iter().filter_map(|name| catalogue.get(name));
            for step in steps.filter(|step| step.layer == Layer::Intermediate) {
                assert!(
                    sums_marts(catalogue, step),
                    "{}: a mart over all months reads marts, not {}",
                    model.name,
                    step.name
                );
            }
        }
    }
}

/// Whether an intermediate model is made of marts alone: those hold all months, whichever a refresh looks at.
fn sums_marts(catalogue: &Catalogue, model: &Model) -> bool {
    model.upstream.iter().filter_map(|name| catalogue.get(name)).all(|upstream| match upstream.layer {
        Layer::Staging => false,
        Layer::Intermediate => sums_marts(catalogue, upstream),
        Layer::Mart => true,
    })
}

#[test]
fn models_are_short_and_do_not_ask_for_the_time() {
    for model in warehouse().catalogue().models() {
        let sql = &model.sql;
        assert!(sql.lines().count() <= 80, "{}", model.name);
        assert!(sql.lines().all(|line| line.len() <= 80), "{}", model.name);
        assert!(sql.matches(" as (\n").count() <= 8, "{}", model.name);
        assert!(*sql == sql.to_lowercase() || sql.contains("--"), "{}: lower case", model.name);
        for call in ["now(", "random(", "current_", "to_char(", "to_timestamp("] {
            assert!(!sql.contains(call), "{}: {call}", model.name);
        }
    }
}

#[test]
fn every_mart_is_described_and_has_a_case() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/sql");
    let cases: Vec<String> =
        fs::read_dir(folder).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    for mart in warehouse().catalogue().marts() {
        assert!(!mart.description.key.is_empty() && !mart.description.columns.is_empty(), "{}", mart.name);
        assert!(mart.description.columns.iter().all(|column| column.about.ends_with('.')), "{}", mart.name);
        let read = format!("from {}", mart.name);
        assert!(cases.iter().any(|case| case.contains(&read)), "{} has no case", mart.name);
    }
}

#[tokio::test]
async fn every_column_of_every_model_is_described_in_order() {
    let mut warehouse = warehouse();
    warehouse.open(MemoryTables::default()).await.unwrap();
    let columns = warehouse.plan_models().await.unwrap();
    assert!(columns.len() >= 60, "{}", columns.len());
    for (name, planned) in &columns {
        let model = warehouse.catalogue().get(name).unwrap();
        // Staging renames what the manifest describes.
        if model.layer == Layer::Staging {
            continue;
        }
        let described = &model.description.columns;
        let names: Vec<&String> = described.iter().map(|column| &column.name).collect();
        assert_eq!(names, planned.iter().collect::<Vec<_>>(), "{name}");
        for column in described {
            let place = format!("{name}.{}", column.name);
            assert!(column.about.len() > 3 && column.about.ends_with('.'), "{place}: {}", column.about);
            let is_time = column.name.split('_').any(|word| matches!(word, "seconds" | "minutes"));
            let is_quantity = is_time || column.name.starts_with("n_");
            assert!(!is_quantity || column.unit.is_some(), "{place} has no unit");
        }
    }
}

#[test]
fn models_of_the_operators_folder_join_the_shipped_ones() {
    let folder = tempfile::tempdir().unwrap();
    let marts = folder.path().join("marts");
    fs::create_dir(&marts).unwrap();
    fs::write(marts.join("own.sql"), "select ticket_id from ticket_metrics").unwrap();
    fs::write(
        marts.join("own.toml"),
        "about = \"Own.\"\ngrain = \"one row per ticket\"\nkey = [\"ticket_id\"]",
    )
    .unwrap();
    let options =
        || WarehouseOptions { models_dir: Some(folder.path().to_owned()), ..WarehouseOptions::default() };
    let warehouse = Warehouse::new(options()).unwrap();
    assert_eq!(warehouse.catalogue().get("own").unwrap().upstream, ["ticket_metrics"]);

    fs::write(marts.join("own.sql"), "select ticket_id from ticket_metrix").unwrap();
    fs::write(marts.join("round.sql"), "select * from ground").unwrap();
    fs::write(marts.join("ground.sql"), "select * from round").unwrap();
    for name in ["round", "ground", "tickets"] {
        fs::write(marts.join(name).with_extension("toml"), "about = \"A.\"\ngrain = \"one row\"").unwrap();
    }
    let needy = "about = \"A.\"\ngrain = \"one row\"\nneeds = [\"agents\"]";
    fs::write(marts.join("needy.sql"), "select 1 as n").unwrap();
    fs::write(marts.join("needy.toml"), needy).unwrap();
    fs::write(marts.join("alone.sql"), "select 1").unwrap();
    fs::write(marts.join("tickets.sql"), "select 1").unwrap();
    let Err(Error::Models(problems)) = Warehouse::new(options()) else { panic!("accepted") };
    assert_eq!(
        problems,
        [
            "alone.sql has no alone.toml beside it; write at least about, grain and key there (sql/README.md)",
            "tickets.sql: tickets is a table already; give the model another name",
            "own.sql reads ticket_metrix, which is neither a model nor a table",
            "needy.toml needs agents; it may need ticket_events, ticket_metric_events",
            "models read each other in a circle: ground, round",
        ]
    );
}

#[tokio::test]
async fn a_column_that_is_not_there_is_named_with_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let marts = folder.path().join("marts");
    fs::create_dir(&marts).unwrap();
    fs::write(marts.join("own.sql"), "select ticket_idd from ticket_metrics").unwrap();
    fs::write(marts.join("own.toml"), "about = \"Own.\"\ngrain = \"one row per ticket\"").unwrap();
    let options =
        WarehouseOptions { models_dir: Some(folder.path().to_owned()), ..WarehouseOptions::default() };
    let mut warehouse = Warehouse::new(options).unwrap();
    warehouse.open(MemoryTables::default()).await.unwrap();
    let error = warehouse.refresh(0, RefreshScope::Full).await.unwrap_err();
    assert_eq!(error.to_string(), "find column ticket_idd of own.sql: did you mean ticket_id?");
}

#[test]
fn checks_read_marts_staging_and_what_is_given_alone() {
    let folder = tempfile::tempdir().unwrap();
    let marts = folder.path().join("marts");
    fs::create_dir(&marts).unwrap();
    fs::write(marts.join("own.sql"), "select ticket_id from ticket_metrics").unwrap();
    let about = "about = \"Own.\"\ngrain = \"one row per ticket\"\nkey = [\"ticket_id\"]\n";
    let check = |sql: &str| format!("{about}[[checks]]\nname = \"holds\"\nsql = \"{sql}\"\n");
    for (sql, says) in [
        ("select 1 from int_tickets", "own.toml: check \"holds\" reads int_tickets"),
        ("select 1 from ticket_metrix", "own.toml: check \"holds\" reads ticket_metrix"),
        ("selec 1", "own.toml: check \"holds\":"),
    ] {
        fs::write(marts.join("own.toml"), check(sql)).unwrap();
        let options =
            WarehouseOptions { models_dir: Some(folder.path().to_owned()), ..WarehouseOptions::default() };
        let Err(Error::Models(problems)) = Warehouse::new(options) else { panic!("accepted: {sql}") };
        assert!(problems.len() == 1 && problems[0].starts_with(says), "{problems:?}");
    }
}
