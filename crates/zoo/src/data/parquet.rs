//! Parquet files, with the cargo feature `parquet`. A file becomes the text of a table and is read as such, so
//! that missing values, columns of text and labels mean the same as in CSV.

use std::path::Path;

use nn::Result;

use super::{Impute, Reading};

/// How the text is to be read: it has a header, even if the names are numbers. Gaps are not refused by their lines, which
/// nobody has seen.
pub(super) fn as_table(reading: &Reading) -> Reading {
    let impute = if reading.impute == Impute::Refuse { Impute::Keep } else { reading.impute };
    Reading { header: Some(true), delimiter: Some(','), impute, ..reading.clone() }
}

/// The text of a table with a header and at most so many rows. A null is a missing value, false and true
/// are 0 and 1; what is no number and no text (a list, a struct) is refused. The index of pandas is left out.
#[cfg(feature = "parquet")]
pub(super) fn as_csv(path: &Path, most: usize) -> Result<Vec<u8>> {
    use nn::Error;
    use parquet::file::reader::{FileReader, SerializedFileReader};

    let damaged = |error: parquet::errors::ParquetError| {
        let text = error.to_string();
        let text = text.lines().next().unwrap_or_default();
        Error::file(path, format!("the Parquet file cannot be read ({text}); write or download it again"))
    };
    let file = std::fs::File::open(path).map_err(|error| Error::io("read", path, error))?;
    let reader = SerializedFileReader::new(file).map_err(damaged)?;
    let schema = reader.metadata().file_metadata().schema_descr().root_schema().get_fields().to_vec();
    if let Some(nested) = schema.iter().find(|column| !column.is_primitive()) {
        return Err(Error::file(
            path,
            format!("column `{}` holds lists or structs; write its numbers as columns", nested.name()),
        ));
    }
    const MEMORY: &str = "writing to memory does not fail";
    let mut writer = csv::Writer::from_writer(vec![]);
    // pandas calls an index so that has no name of its own.
    let kept = |name: &str| !name.starts_with("__index_level_");
    writer.write_record(schema.iter().map(|column| column.name()).filter(|name| kept(name))).expect(MEMORY);
    for row in reader.get_row_iter(None).map_err(damaged)?.take(most) {
        let row = row.map_err(damaged)?;
        writer
            .write_record(row.get_column_iter().filter(|(name, _)| kept(name)).map(|(_, field)| cell(field)))
            .expect(MEMORY);
    }
    Ok(writer.into_inner().expect(MEMORY))
}

/// As CSV has it. Numbers have all their digits.
#[cfg(feature = "parquet")]
fn cell(field: &parquet::record::Field) -> String {
    use parquet::record::Field;

    match field {
        Field::Null => String::new(),
        Field::Bool(value) => u8::from(*value).to_string(),
        Field::Float16(value) => value.to_f32().to_string(),
        Field::Float(value) => value.to_string(),
        Field::Double(value) => value.to_string(),
        Field::Str(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Says what is missing.
#[cfg(not(feature = "parquet"))]
pub(super) fn as_csv(path: &Path, _most: usize) -> Result<Vec<u8>> {
    Err(nn::Error::file(
        path,
        "this zoo was built without Parquet; build it in with `cargo install --path crates/zoo --features \
         parquet`, or write the table as CSV",
    ))
}

#[cfg(all(test, feature = "parquet"))]
mod tests {
    use std::fs::{self, File};
    use std::sync::Arc;

    use parquet::basic::Compression;
    use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use crate::data::{Impute, describe, prepare};

    use super::*;

    const SCHEMA: &str = "message people { \
        optional double age; required int64 income; required boolean owns; required binary city (UTF8); required int64 __index_level_0__; }";

    /// Six people; the age of the second is missing.
    fn write(path: &Path, compression: Compression) {
        let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
        let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
        let mut file = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
        let mut rows = file.next_row_group().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        let ages = [31.5, 44.0, 29.0, 50.0, 1e-7];
        column.typed::<DoubleType>().write_batch(&ages, Some(&[1, 0, 1, 1, 1, 1]), None).unwrap();
        column.close().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        let income = [2000, 1500, 2400, 1800, 2500, 2200];
        column.typed::<Int64Type>().write_batch(&income, None, None).unwrap();
        column.close().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        let owns = [true, false, false, true, true, false];
        column.typed::<BoolType>().write_batch(&owns, None, None).unwrap();
        column.close().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        let cities = ["Rome", "Oslo", "Bonn, West", "Rome", "Oslo", "a \"b\""].map(ByteArray::from);
        column.typed::<ByteArrayType>().write_batch(&cities, None, None).unwrap();
        column.close().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&[0, 1, 2, 3, 4, 5], None, None).unwrap();
        column.close().unwrap();
        rows.close().unwrap();
        file.close().unwrap();
    }

    const SAME: &str = "age,income,owns,city\n31.5,2000,1,Rome\n,1500,0,Oslo\n44,2400,0,\"Bonn, West\"\n\
        29,1800,1,Rome\n50,2500,1,Oslo\n1e-7,2200,0,\"a \"\"b\"\"\"\n";

    #[test]
    fn a_file_is_the_table_that_csv_gives() {
        let folder = tempfile::tempdir().unwrap();
        let name = |name: &str| folder.path().join(name).display().to_string();
        fs::write(name("p.csv"), SAME).unwrap();
        let reading = Reading {
            label: Some("city".into()),
            drop: vec!["owns".into()],
            impute: Impute::Median,
            test_fraction: 0.5,
            ..Reading::default()
        };
        let (wanted, _) = prepare(&name("p.csv"), &reading).unwrap();
        let all = [
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::GZIP(Default::default()),
            Compression::ZSTD(Default::default()),
            Compression::LZ4_RAW,
        ];
        for compression in all {
            write(Path::new(&name("p.parquet")), compression);
            let (found, preparation) = prepare(&name("p.parquet"), &reading).unwrap();
            assert_eq!(found.train.x().to_vec(), wanted.train.x().to_vec(), "{compression:?}");
            assert_eq!(found.train.labels(), wanted.train.labels());
            assert_eq!(preparation.class_names, ["Bonn, West", "Oslo", "Rome", "a \"b\""]);
        }
        let [csv, parquet] =
            ["p.csv", "p.parquet"].map(|file| describe(&name(file), &Reading::default()).unwrap());
        assert_eq!((&csv.columns, &csv.text), (&parquet.columns, &parquet.text));
        assert_eq!(parquet.text, ["city"]);
    }

    #[test]
    fn a_damaged_file_is_one_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.parquet");
        write(&path, Compression::SNAPPY);
        let content = fs::read(&path).unwrap();
        for cut in [4, 40, content.len() - 1] {
            fs::write(&path, &content[..cut]).unwrap();
            let problem =
                prepare(&path.display().to_string(), &Reading::default()).err().unwrap().to_string();
            assert!(problem.contains("the Parquet file cannot be read"), "{problem}");
            assert_eq!(problem.lines().count(), 1);
        }
    }
}
