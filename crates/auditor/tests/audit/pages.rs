//! Leaks in parts of a Parquet file that decoding its rows does not show.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use deskmeter_auditor::{Part, Rule};
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::{ColumnChunkMetaData, KeyValue};
use parquet::file::properties::WriterProperties;
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use parquet::schema::parser::parse_message_type;

use crate::desk::{CANARY, Desk, texts, ticket_rows, with, write, write_as};

/// Writes a file with one column `status` of four rows, all of them "open", whose dictionary holds these words and
/// whose footer these bounds.
fn write_crafted(path: &Path, words: &[&str], bounds: Option<Statistics>) {
    let schema = parse_message_type("message arrow_schema { required binary status (STRING); }").unwrap();
    let mut sink = TrackedWrite::new(Vec::new());
    let mut pages = SerializedPageWriter::new(&mut sink);
    let dictionary: Vec<u8> = words.iter().flat_map(|word| entry(word)).collect();
    let position = words.iter().position(|word| *word == "open").unwrap() as u8;
    let page = |page: Page| {
        let size = page.buffer().len();
        CompressedPage::new(page, size)
    };
    let dictionary = pages
        .write_page(page(Page::DictionaryPage {
            buf: dictionary.into(),
            num_values: words.len() as u32,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        }))
        .unwrap();
    // One run: positions of 8 bits, four times the same.
    let data = pages
        .write_page(page(Page::DataPage {
            buf: Bytes::from(vec![8, 4 << 1, position]),
            num_values: 4,
            encoding: Encoding::RLE_DICTIONARY,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        }))
        .unwrap();
    let bytes = Bytes::from(sink.into_inner().unwrap());
    let mut writer = SerializedFileWriter::new(
        fs::File::create(path).unwrap(),
        Arc::new(schema),
        Arc::new(WriterProperties::default()),
    )
    .unwrap();
    let descriptor = writer.schema_descr().column(0);
    let mut metadata = ColumnChunkMetaData::builder(descriptor)
        .set_encodings(vec![Encoding::PLAIN, Encoding::RLE_DICTIONARY, Encoding::RLE])
        .set_compression(Compression::UNCOMPRESSED)
        .set_num_values(4)
        .set_total_compressed_size(bytes.len() as i64)
        .set_total_uncompressed_size(bytes.len() as i64)
        .set_dictionary_page_offset(Some(dictionary.offset as i64))
        .set_data_page_offset(data.offset as i64);
    if let Some(bounds) = bounds {
        metadata = metadata.set_statistics(bounds);
    }
    let close = ColumnCloseResult {
        bytes_written: bytes.len() as u64,
        rows_written: 4,
        metadata: metadata.build().unwrap(),
        bloom_filter: None,
        column_index: None,
        offset_index: None,
    };
    let mut group = writer.next_row_group().unwrap();
    group.append_column(&bytes, close).unwrap();
    group.close().unwrap();
    writer.close().unwrap();
}

fn entry(word: &str) -> Vec<u8> {
    [(word.len() as u32).to_le_bytes().as_slice(), word.as_bytes()].concat()
}

#[tokio::test]
async fn finds_nothing_in_a_crafted_file_without_a_leak() {
    let desk = Desk::new().await;
    let bounds = Statistics::byte_array(Some("open".into()), Some("open".into()), None, Some(0), false);
    write_crafted(&desk.data_file(), &["open", "new"], Some(bounds));
    assert_eq!(desk.audit(Vec::new()).await.findings, []);
}

#[tokio::test]
async fn sees_a_dictionary_entry_that_no_row_refers_to() {
    let desk = Desk::new().await;
    write_crafted(&desk.data_file(), &["open", CANARY], None);
    desk.check("00112233445566778899aabbccddeeff", Part::DictionaryPage, Rule::Canary).await;
    write_crafted(&desk.data_file(), &["open", "Jo"], None);
    desk.check("00112233445566778899aabbccddeeff", Part::DictionaryPage, Rule::OutsideDomain).await;
    let report = desk.audit(Vec::new()).await;
    assert!(report.findings.iter().all(|finding| finding.place.part == Part::DictionaryPage), "{report:?}");
    assert_eq!(report.findings[0].place.column.as_deref(), Some("status"));
}

#[tokio::test]
async fn sees_bounds_that_no_row_has() {
    let desk = Desk::new().await;
    let bounds = Statistics::byte_array(Some(CANARY.into()), Some("open".into()), None, Some(0), false);
    write_crafted(&desk.data_file(), &["open"], Some(bounds));
    desk.check("00112233445566778899aabbccddeeff", Part::ColumnStatistics, Rule::Canary).await;
    desk.check("00112233445566778899aabbccddeeff", Part::ColumnStatistics, Rule::OutsideDomain).await;
}

#[tokio::test]
async fn sees_a_note_in_a_footer() {
    let desk = Desk::new().await;
    let note = |key: &str, value: &str| KeyValue::new(key.to_owned(), value.to_owned());
    let properties =
        WriterProperties::builder().set_key_value_metadata(Some(vec![note("note", CANARY)])).build();
    write_as(&desk.data_file(), &ticket_rows(), properties);
    desk.check("00112233445566778899aabbccddeeff", Part::Footer, Rule::Canary).await;
    desk.check("00112233445566778899aabbccddeeff", Part::Footer, Rule::UnknownKey).await;
}

#[tokio::test]
async fn sees_a_note_in_an_embedded_schema() {
    let desk = Desk::new().await;
    let rows = ticket_rows();
    let metadata = [("note".to_owned(), CANARY.to_owned())].into();
    let schema = Arc::new(rows.schema().as_ref().clone().with_metadata(metadata));
    let rows = arrow::array::RecordBatch::try_new(schema, rows.columns().to_vec()).unwrap();
    let file = fs::File::create(desk.data_file()).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    desk.check("00112233445566778899aabbccddeeff", Part::Footer, Rule::Canary).await;
}

#[tokio::test]
async fn sees_a_filter_over_texts_and_a_writer_with_a_name() {
    let desk = Desk::new().await;
    let properties = WriterProperties::builder()
        .set_bloom_filter_enabled(true)
        .set_created_by("jo.doe@example.test".to_owned())
        .build();
    write_as(&desk.data_file(), &ticket_rows(), properties);
    desk.check("00112233445566778899aabbccddeeff", Part::BloomFilter, Rule::TextFilter).await;
    desk.check("00112233445566778899aabbccddeeff", Part::Footer, Rule::Email).await;
}

#[tokio::test]
async fn sees_pages_of_texts_without_a_dictionary() {
    let desk = Desk::new().await;
    for (encoding, version) in [
        (Encoding::PLAIN, parquet::file::properties::WriterVersion::PARQUET_1_0),
        (Encoding::DELTA_LENGTH_BYTE_ARRAY, parquet::file::properties::WriterVersion::PARQUET_2_0),
    ] {
        let properties = WriterProperties::builder()
            .set_writer_version(version)
            .set_dictionary_enabled(false)
            .set_encoding(encoding)
            .set_statistics_enabled(parquet::file::properties::EnabledStatistics::None)
            .build();
        let rows = with(
            &ticket_rows().project(&[4]).unwrap(),
            "status",
            texts(["open", CANARY, "My printer is broken"]),
        );
        write_as(&desk.data_file(), &rows, properties);
        desk.check("00112233445566778899aabbccddeeff", Part::DataPage, Rule::Canary).await;
        desk.check("00112233445566778899aabbccddeeff", Part::DataPage, Rule::FreeText).await;
    }
}

#[tokio::test]
async fn sees_bytes_that_belong_to_no_part_of_a_file() {
    let desk = Desk::new().await;
    write(&desk.data_file(), &ticket_rows());
    let file = fs::read(desk.data_file()).unwrap();
    let footer = u32::from_le_bytes(file[file.len() - 8..file.len() - 4].try_into().unwrap()) as usize;
    let at = file.len() - 8 - footer;
    let spoiled = [&file[..at], b"jo.doe@example.test", &file[at..]].concat();
    fs::write(desk.data_file(), spoiled).unwrap();
    desk.check("00112233445566778899aabbccddeeff", Part::Bytes, Rule::UnaccountedBytes).await;
    desk.check("00112233445566778899aabbccddeeff", Part::Bytes, Rule::Email).await;
}

#[tokio::test]
async fn sees_a_column_whose_name_is_a_leak() {
    let desk = Desk::new().await;
    write(&desk.data_file(), &with(&ticket_rows(), CANARY, texts(["a", "b", "c"])));
    desk.check("00112233445566778899aabbccddeeff", Part::Schema, Rule::Canary).await;
}
