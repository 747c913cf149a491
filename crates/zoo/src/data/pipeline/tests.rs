use nn::data::table::{TableOptions, TextTable};

use super::super::columns;
use super::dates::civil;
use super::*;

/// The steps of a table, and the cells of each column as a model's features give them back.
fn round_trip(text: &str, told: &[(&str, &str)]) -> (Vec<Step>, Vec<Vec<String>>) {
    let path = "t.csv".as_ref();
    let table = TextTable::parse(path, text.as_bytes(), &TableOptions::default()).unwrap();
    let told = told.iter().map(|(name, kind)| (name.to_string(), kind.to_string())).collect();
    let (mut steps, mut texts) = (vec![], vec![]);
    for looked in columns::look(path, &table, &told, |_| false).unwrap() {
        let (step, places) = Step::fit(&looked, &looked.cells, Scale::Auto, Impute::Keep).unwrap();
        let again = |cell: &f64| {
            let cell = if cell.is_nan() || places.is_empty() { *cell } else { places[*cell as usize] };
            let mut features = vec![];
            step.features(cell, &mut features);
            assert_eq!(features.len(), step.width(), "{}", step.name);
            assert!(features.iter().all(|x| x.is_finite()));
            if cell.is_nan() { String::new() } else { step.text(step.cell(&features)) }
        };
        texts.push(looked.cells.iter().map(again).collect());
        steps.push(step);
    }
    (steps, texts)
}

#[test]
fn cells_come_back_as_they_are_written() {
    let rows: String = (0..40)
        .map(|i| {
            let price = 1.5_f64.powi(i % 20);
            let (day, rare) = (1 + i % 28, if i == 7 { "once" } else { ["a", "b"][i as usize % 2] });
            let gap = if i % 10 == 3 { "NA".to_owned() } else { format!("{}.25", i % 13) };
            let visits = if i % 4 == 0 { i * i % 17 } else { i % 2 };
            format!(
                "{gap},{price:.2},{visits},{},{rare},2024-0{}-{day:02},{}\n",
                i % 2,
                1 + i % 9,
                ["S", "M", "L"][i as usize % 3]
            )
        })
        .collect();
    let text = "x,price,visits,flag,word,day,size\n".to_owned() + &rows;
    let (steps, texts) = round_trip(&text, &[("size", "S<M<L")]);
    let kinds: Vec<String> = steps.iter().map(|step| step.kind.to_string()).collect();
    assert_eq!(kinds, ["real", "positive", "count", "binary", "category", "date", "ordinal"]);
    for (i, line) in rows.lines().enumerate() {
        for (step, (cell, texts)) in steps.iter().zip(line.split(',').zip(&texts)) {
            let wanted = match cell {
                "NA" => "",
                // A rare word has no place of its own, and nobody may guess it.
                "once" => "a",
                cell => cell,
            };
            assert_eq!(texts[i], wanted, "{} in row {i}", step.name);
        }
    }
    assert!(steps[4].rare && steps[4].words == ["a", "b"], "{:?}", steps[4].words);
    assert_eq!(steps[4].feature_names(), ["word=a", "word=b", "word=(rare)"]);
    assert_eq!(steps[6].blocks()[0].kind, schema::Kind::Ordinal { levels: 3 });
    let json = serde_json::to_string(&steps).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Step>>(&json).unwrap(), steps);
}

#[test]
fn a_gap_is_the_mean_of_what_is_known() {
    let text = "x,word,flag\n1,a,1\n3,a,0\n,,1\n8,b,\n8,b,1\n0.5,a,1\n0.5,b,1\n3,b,1\n";
    let (steps, _) = round_trip(text, &[]);
    let mut features = vec![];
    steps.iter().for_each(|step| step.features(f64::NAN, &mut features));
    assert_eq!(features[0], 0.0);
    assert!((features[1] - 4.0 / 7.0).abs() < 1e-6 && (features[2] - 3.0 / 7.0).abs() < 1e-6, "{features:?}");
    assert!((features[3] - 6.0 / 7.0).abs() < 1e-6, "{features:?}");
    let usual: Vec<String> = steps.iter().map(|step| step.text(step.usual())).collect();
    assert_eq!(usual, ["3.4", "b", "1"]);
}

#[test]
fn a_number_that_many_rows_have_is_a_feature_of_its_own() {
    let amounts: Vec<f64> = (0..60).map(|i| if i % 3 == 0 { f64::from(i) + 0.5 } else { 0.0 }).collect();
    let rows: String = amounts.iter().map(|amount| format!("{amount},a\n")).collect();
    let (steps, texts) = round_trip(&("amount,word\n".to_owned() + &rows + ",b\n,b\n,b\n"), &[]);
    let step = &steps[0];
    assert_eq!((step.frequent, step.width(), step.missing), (Some(0.0), 2, 3));
    assert_eq!(step.feature_names(), ["amount", "amount=0.0"]);
    assert_eq!(step.summary(), "0.0 to 57.5, 67 % are 0.0, 3 missing");
    for (amount, text) in amounts.iter().zip(&texts[0]) {
        assert_eq!(text.parse::<f64>().unwrap(), *amount);
    }
    // The mean and the deviation are those of the others.
    let mut features = vec![];
    step.features(29.0, &mut features);
    assert!(features[0].abs() < 1e-6 && features[1] == 0.0, "{features:?}");
    assert!(step.silent(&[0.3, 1.0]) && !step.silent(&features));
    assert_eq!(step.cell(&[0.0, 0.6]), 0.0, "the most probable one");
    assert!((step.expected(&[0.0, 0.6]) - 0.4 * 29.0).abs() < 0.06, "{}", step.expected(&[0.0, 0.6]));
    assert!((step.usual() - amounts.iter().sum::<f64>() / 60.0).abs() < 0.06, "{}", step.usual());
    let kinds: Vec<schema::Kind> = step.blocks().iter().map(|block| block.kind).collect();
    assert_eq!(kinds, [schema::Kind::Real, schema::Kind::Binary]);
    // Few different numbers are all frequent.
    let few: String = (0..60).map(|i| format!("{},a\n", [0, 0, 1, 2, 3][i % 5])).collect();
    assert_eq!(round_trip(&("n,word\n".to_owned() + &few + "1,b\n1,b\n1,b\n"), &[]).0[0].frequent, None);
}

#[test]
fn days_are_dates_again() {
    for (days, date) in [(0, (1970, 1, 1)), (59, (1970, 3, 1)), (11_016, (2000, 2, 29)), (-1, (1969, 12, 31))]
    {
        assert_eq!(civil(days), date);
    }
}
