//! What the lake promises to its two writers, on local disk.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{AsArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit};
use datafusion::prelude::SessionContext;
use deskmeter_lake::{
    Among, Change, ConnectionLake, Error, FileWriter, Lake, Layout, TableSpec, Written, commit, compact,
    data_files, read_file,
};
use object_store::{ObjectStoreExt as _, PutMode};
use tempfile::TempDir;

const NO_OPTIONS: BTreeMap<String, String> = BTreeMap::new();

fn lake(folder: &TempDir) -> ConnectionLake {
    Lake::open(&format!("file://{}/lake", folder.path().display()), &NO_OPTIONS).unwrap().connection("acme")
}

fn mart_schema() -> SchemaRef {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Arc::new(Schema::new(vec![
        Field::new("ticket_id", DataType::Int64, false),
        Field::new("created_month", DataType::Utf8, false),
        Field::new("solved_at", time, true),
        Field::new("assignee_key", DataType::Utf8, true),
        Field::new("n_replies", DataType::UInt64, false),
    ]))
}

fn mart_rows(ids: &[i64], month: &str) -> RecordBatch {
    let count = ids.len();
    RecordBatch::try_new(
        mart_schema(),
        vec![
            Arc::new(Int64Array::from(ids.to_vec())),
            Arc::new(StringArray::from(vec![month; count])),
            Arc::new(
                TimestampMicrosecondArray::from(vec![1_700_000_000_000_000; count]).with_timezone("UTC"),
            ),
            Arc::new(StringArray::from(vec![Some("pseudonym"); count])),
            Arc::new(UInt64Array::from(vec![7; count])),
        ],
    )
    .unwrap()
}

fn spec() -> TableSpec {
    TableSpec::mart(&mart_schema(), Some("created_month"), "one row per ticket")
}

async fn ids(lake: &ConnectionLake, name: &str) -> BTreeSet<i64> {
    let table = lake.table(name).await.unwrap().unwrap();
    let schema = deskmeter_lake::storable_schema(&mart_schema());
    let mut all = BTreeSet::new();
    for file in data_files(&table, name).unwrap() {
        let batches = read_file(&table, name, &file, &schema).await.unwrap();
        let batch = concat_batches(&schema, &batches).unwrap();
        assert_eq!(file.rows, Some(batch.num_rows() as u64));
        all.extend(batch.column(0).as_primitive::<Int64Type>().values().iter().copied());
        assert_eq!(batch.column(1).as_string::<i32>().value(0), file.partition.as_deref().unwrap());
    }
    all
}

#[tokio::test]
async fn a_table_is_replaced_whole_and_stays_untouched_by_the_same_rows() {
    let folder = TempDir::new().unwrap();
    let lake = lake(&folder);
    let old = vec![mart_rows(&[1, 2], "2026-01"), mart_rows(&[3], "2026-02")];
    let first = lake.replace_table("mart", &spec(), old.clone()).await.unwrap();
    assert_eq!((first.rows, first.files_added, first.files_removed), (3, 2, 0));
    let again = lake.replace_table("mart", &spec(), old).await.unwrap();
    assert_eq!((again.files_added, again.files_removed, again.version), (0, 0, first.version));
    let changed = lake.replace_table("mart", &spec(), vec![mart_rows(&[3], "2026-02")]).await.unwrap();
    assert_eq!((changed.files_added, changed.files_removed), (0, 1));
    assert_eq!(ids(&lake, "mart").await, BTreeSet::from([3]));
}

#[tokio::test]
async fn staged_rows_are_seen_when_they_are_published_and_replace_only_the_named_partitions() {
    let folder = TempDir::new().unwrap();
    let lake = lake(&folder);
    let staged = lake.stage("mart", &spec(), vec![mart_rows(&[1], "2026-01")]).await.unwrap();
    assert!(lake.table("mart").await.unwrap().is_none(), "nobody sees a table before it is published");
    lake.publish("mart", &spec(), &staged, None).await.unwrap();
    let rows = vec![mart_rows(&[1], "2026-01"), mart_rows(&[2], "2026-02"), mart_rows(&[3], "2026-03")];
    lake.replace_table("mart", &spec(), rows).await.unwrap();

    let mut staged = lake.stage("mart", &spec(), vec![mart_rows(&[20], "2026-02")]).await.unwrap();
    staged.extend(lake.stage("mart", &spec(), vec![mart_rows(&[30], "2026-03")]).await.unwrap());
    assert_eq!(ids(&lake, "mart").await, BTreeSet::from([1, 2, 3]));
    let months = BTreeSet::from(["2026-02".to_owned(), "2026-03".to_owned()]);
    lake.publish("mart", &spec(), &staged, Some(&months)).await.unwrap();
    assert_eq!(ids(&lake, "mart").await, BTreeSet::from([1, 20, 30]));

    let stray = lake.stage("mart", &spec(), vec![mart_rows(&[9], "2026-01")]).await.unwrap();
    let stray = lake.publish("mart", &spec(), &stray, Some(&months)).await;
    assert!(matches!(stray, Err(Error::Mismatch { .. })), "{stray:?}");
    let nothing = lake.stage("mart", &spec(), Vec::new()).await.unwrap();
    lake.publish("mart", &spec(), &nothing, Some(&months)).await.unwrap();
    assert_eq!(ids(&lake, "mart").await, BTreeSet::from([1]));
}

/// The ids that each file of the mart holds, in their order.
async fn ids_of_files(lake: &ConnectionLake) -> BTreeSet<Vec<i64>> {
    let table = lake.table("mart").await.unwrap().unwrap();
    let schema = deskmeter_lake::storable_schema(&mart_schema());
    let mut files = BTreeSet::new();
    for file in data_files(&table, "mart").unwrap() {
        let batches = read_file(&table, "mart", &file, &schema).await.unwrap();
        let batch = concat_batches(&schema, &batches).unwrap();
        files.insert(batch.column(0).as_primitive::<Int64Type>().values().to_vec());
    }
    files
}

#[tokio::test]
async fn rows_that_will_make_way_lie_apart_from_the_beginning() {
    let folder = TempDir::new().unwrap();
    let lake = lake(&folder);
    let rows = vec![mart_rows(&[1, 2, 3, 4], "2026-01"), mart_rows(&[5], "2026-02")];
    let restless = HashSet::from([2, 3, 5]);
    let staged = lake.stage_apart("mart", &spec(), rows, "ticket_id", &restless).await.unwrap();
    lake.publish("mart", &spec(), &staged, None).await.unwrap();
    assert_eq!(ids_of_files(&lake).await, BTreeSet::from([vec![1, 4], vec![2, 3], vec![5]]));
    let gone = publish_among(&lake, &[2], &[2, 3], &[2]).await;
    assert_eq!((gone.files_added, gone.files_removed), (1, 1), "the settled file stays");
    assert_eq!(ids_of_files(&lake).await, BTreeSet::from([vec![1, 4], vec![2], vec![5]]));
}

/// Publishes rows of the replaced tickets among those of the others, all of one month.
async fn publish_among(lake: &ConnectionLake, rows: &[i64], replaced: &[i64], restless: &[i64]) -> Written {
    let set = |ids: &[i64]| Arc::new(ids.iter().copied().collect::<HashSet<_>>());
    let (replaced, restless) = (set(replaced), set(restless));
    let among =
        Among { key: "ticket_id", replaced, restless, order: vec!["ticket_id".to_owned()], shown: vec![] };
    let months = BTreeSet::from(["2026-01".to_owned()]);
    let rows = vec![mart_rows(rows, "2026-01")];
    let (staged, former) = lake.stage_among("mart", &spec(), rows, &months, &among).await.unwrap();
    let former = concat_batches(&former[0].schema(), &former).unwrap();
    assert!(
        former.column(0).as_primitive::<Int64Type>().values().iter().all(|id| among.replaced.contains(id))
    );
    lake.publish("mart", &spec(), &staged, Some(&months)).await.unwrap()
}

#[tokio::test]
async fn rows_of_others_stay_and_so_do_the_files_that_hold_no_other() {
    let folder = TempDir::new().unwrap();
    let lake = lake(&folder);
    let old = vec![mart_rows(&[1, 2, 3, 4], "2026-01"), mart_rows(&[5], "2026-02")];
    lake.replace_table("mart", &spec(), old).await.unwrap();
    // 2 and 3 part from the others: they are written again each time.
    let parted = publish_among(&lake, &[2, 3], &[2, 3], &[2, 3]).await;
    assert_eq!((parted.files_added, parted.files_removed), (2, 1));
    let again = publish_among(&lake, &[2, 3], &[2, 3], &[2, 3]).await;
    assert_eq!((again.files_added, again.files_removed), (0, 0), "the same rows are not written again");
    let gone = publish_among(&lake, &[2], &[2, 3], &[2, 3]).await;
    assert_eq!((gone.files_added, gone.files_removed), (1, 1), "the settled file stays");
    assert_eq!(ids(&lake, "mart").await, BTreeSet::from([1, 2, 4, 5]));
    // 2 is settled, 6 is new and restless: what is settled is one file again.
    let settled = publish_among(&lake, &[2, 6], &[2, 6], &[6]).await;
    assert_eq!((settled.files_added, settled.files_removed), (2, 2));
    let files = ids_of_files(&lake).await;
    assert_eq!(files, BTreeSet::from([vec![1, 2, 4], vec![5], vec![6]]), "each in the order of its key");
}

#[tokio::test]
async fn files_that_were_to_stay_and_are_gone_are_a_conflict() {
    let folder = TempDir::new().unwrap();
    let lake = lake(&folder);
    lake.replace_table("mart", &spec(), vec![mart_rows(&[1], "2026-01")]).await.unwrap();
    let months = BTreeSet::from(["2026-01".to_owned()]);
    let two = Arc::new(HashSet::from([2]));
    let among =
        Among { key: "ticket_id", replaced: Arc::clone(&two), restless: two, order: vec![], shown: vec![] };
    let rows = vec![mart_rows(&[2], "2026-01")];
    let (staged, _) = lake.stage_among("mart", &spec(), rows, &months, &among).await.unwrap();
    lake.replace_table("mart", &spec(), vec![mart_rows(&[3], "2026-01")]).await.unwrap();
    let refused = lake.publish("mart", &spec(), &staged, Some(&months)).await;
    assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
    assert_eq!(ids(&lake, "mart").await, BTreeSet::from([3]));
}

#[tokio::test]
async fn a_run_whose_lease_was_taken_cannot_publish() {
    let folder = TempDir::new().unwrap();
    let (old, new) = (lake(&folder).under_lease(7), lake(&folder).under_lease(8));
    old.replace_table("mart", &spec(), vec![mart_rows(&[1], "2026-01")]).await.unwrap();
    let staged = old.stage("mart", &spec(), vec![mart_rows(&[2], "2026-01")]).await.unwrap();
    new.replace_table("mart", &spec(), vec![mart_rows(&[3], "2026-01")]).await.unwrap();
    let refused = old.publish("mart", &spec(), &staged, None).await;
    assert!(matches!(refused, Err(Error::Fenced { ours: 7, newest: 8, .. })), "{refused:?}");
    assert_eq!(ids(&new, "mart").await, BTreeSet::from([3]));
    new.replace_table("mart", &spec(), vec![mart_rows(&[4], "2026-01")]).await.unwrap();
}

#[tokio::test]
async fn files_of_many_batches_are_joined_in_key_order() {
    let folder = TempDir::new().unwrap();
    let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, false)]));
    let spec = TableSpec::mart(&schema, None, "one row per id");
    let mut table = lake(&folder).create("rows", &spec).await.unwrap();
    let writer = FileWriter::of(&table, "rows").unwrap();
    let mut change = Change::write();
    for (number, rows) in [4096, 4096, 8192, 16_384, 32_768, 65_536, 131_072, 200_000].into_iter().enumerate()
    {
        let ids = Int64Array::from_iter_values((0..rows).map(|row| row * 8 + number as i64));
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(ids)]).unwrap();
        change.adds.extend(writer.write(None, &batch).await.unwrap());
    }
    commit(&mut table, "rows", change).await.unwrap();
    let layout = Layout { schema: &schema, key: &["id"], rows_max: usize::MAX };
    let (change, _) = compact(&table, "rows", layout).await.unwrap().unwrap();
    assert_eq!((change.adds.len(), change.removes.len()), (1, 8));
    commit(&mut table, "rows", change).await.unwrap();
    let files = data_files(&table, "rows").unwrap();
    let batches = read_file(&table, "rows", &files[0], &schema).await.unwrap();
    let ids = concat_batches(&schema, &batches).unwrap();
    let ids = ids.column(0).as_primitive::<Int64Type>().values();
    assert_eq!(files[0].bounds("id", &DataType::Int64), Some((0, 199_999 * 8 + 7)));
    assert_eq!(ids.len(), 462_144);
    assert!(ids.is_sorted_by(|one, other| one < other), "each once, in order");
    assert!(compact(&table, "rows", layout).await.unwrap().is_none());
}

#[tokio::test]
async fn columns_follow_the_query_and_no_pseudonym_enters_the_log() {
    let folder = TempDir::new().unwrap();
    let lake = lake(&folder);
    lake.replace_table("mart", &spec(), vec![mart_rows(&[1], "2026-01")]).await.unwrap();
    let narrow: SchemaRef = Arc::new(mart_schema().project(&[0, 1]).unwrap());
    let rows = mart_rows(&[5], "2026-01").project(&[0, 1]).unwrap();
    let narrow_spec = TableSpec::mart(&narrow, Some("created_month"), "one row per ticket");
    lake.replace_table("mart", &narrow_spec, vec![rows]).await.unwrap();
    let table = lake.table("mart").await.unwrap().unwrap();
    assert_eq!(table.snapshot().unwrap().schema().fields().count(), 2);
    let log = folder.path().join("lake/acme/mart/_delta_log");
    for entry in std::fs::read_dir(log).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains("\"pseudonym\""), "{text}");
    }
}

#[tokio::test]
async fn purge_leaves_nothing_not_even_what_no_listing_shows() {
    let folder = TempDir::new().unwrap();
    let lake = lake(&folder);
    lake.replace_table("mart", &spec(), vec![mart_rows(&[1], "2026-01")]).await.unwrap();
    let staged = folder.path().join("lake/acme/mart/created_month=2026-01/dead.parquet#1");
    std::fs::write(&staged, b"rows of a writer that was killed").unwrap();
    let purged = lake.purge().await.unwrap();
    assert!(purged.objects >= 3 && purged.bytes > 0, "{purged:?}");
    assert!(!folder.path().join("lake/acme").exists());
    assert_eq!(lake.table_names().await.unwrap(), Vec::<String>::new());
    assert_eq!(lake.purge().await.unwrap().objects, 0);
}

#[tokio::test]
async fn storage_that_refuses_is_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("not-a-folder");
    std::fs::write(&file, b"").unwrap();
    let error = Lake::open(&format!("file://{}/lake", file.display()), &NO_OPTIONS).unwrap_err();
    assert_eq!(error.to_string(), format!("create folder {}/lake", file.display()));
    let error = Lake::open("ftp://host/lake", &NO_OPTIONS).unwrap_err();
    assert_eq!(error.to_string(), "open lake: scheme ftp is not one of file, s3, gs, az");
    let error = Lake::open("az://container/lake?sig=SECRET", &NO_OPTIONS).unwrap_err();
    assert!(!format!("{error:?}").contains("SECRET"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_sixteen_who_create_a_file_at_once_one_succeeds_and_nothing_is_left_half_written() {
    let folder = TempDir::new().unwrap();
    let url = format!("file://{}/new/folder", folder.path().display());
    let (store, root) = deskmeter_lake::object_store(&url, &NO_OPTIONS).unwrap();
    let file = root.join("below").join("commit.json");
    let creating = (0..16_u8).map(|number| {
        let (store, file) = (Arc::clone(&store), file.clone());
        tokio::spawn(async move { store.put_opts(&file, vec![number].into(), PutMode::Create.into()).await })
    });
    let mut winners = 0;
    for created in creating.collect::<Vec<_>>() {
        match created.await.unwrap() {
            Ok(_) => winners += 1,
            Err(error) => assert!(matches!(error, object_store::Error::AlreadyExists { .. }), "{error}"),
        }
    }
    assert_eq!(winners, 1);
    let put = store.put(&file, vec![17].into()).await.unwrap();
    assert_eq!(put.e_tag, store.head(&file).await.unwrap().e_tag);
    let below = std::fs::read_dir(folder.path().join("new/folder/below")).unwrap();
    assert_eq!(below.count(), 1);
}

#[tokio::test]
async fn a_table_answers_sql() {
    let folder = TempDir::new().unwrap();
    let lake = lake(&folder);
    let rows = vec![mart_rows(&[1, 2], "2026-01"), mart_rows(&[3], "2026-02")];
    lake.replace_table("mart", &spec(), rows).await.unwrap();
    let context = SessionContext::new();
    let table = lake.table("mart").await.unwrap().unwrap();
    table.update_datafusion_session(&context.state()).unwrap();
    context.register_table("mart", table.table_provider().await.unwrap()).unwrap();
    let query =
        "select sum(ticket_id) as total from mart where created_month = '2026-01' and solved_at < now()";
    let answer = context.sql(query).await.unwrap().collect().await.unwrap();
    assert_eq!(answer[0].column(0).as_primitive::<Int64Type>().values(), &[3]);
}

#[tokio::test]
async fn rows_for_a_moment_have_names_of_their_own_and_go_with_the_next() {
    let folder = TempDir::new().unwrap();
    let lake = lake(&folder);
    let schema = mart_schema();
    let write = async |ids: &[i64]| {
        let part = vec![mart_rows(ids, "2026-01")];
        lake.write_scratch("held", &schema, &[part.clone(), part]).await.unwrap()
    };
    let (first, second) = (write(&[1, 2]).await, write(&[3, 4]).await);
    assert_eq!((first.len(), second.len()), (2, 2), "parts of the same rows are two files");
    assert_eq!(first.values().next(), second.values().next(), "of one size");
    assert!(first.keys().all(|path| !second.contains_key(path)), "other rows are another file");
    for (files, are_there) in [(first, false), (second, true)] {
        for path in files.keys() {
            assert_eq!(lake.store().head(path).await.is_ok(), are_there, "{path}");
        }
    }
}
