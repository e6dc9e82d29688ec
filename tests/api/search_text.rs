//! Search finds a word in whatever spelling, script and database.

use serde_json::{Value, json};

use super::support::{TestApp, TestDatabase};
use crate::on_both;

on_both! {
    a_word_is_found_in_every_spelling_of_it;
    scripts_without_blanks_are_found_by_a_part;
    frames_of_an_earlier_version_are_found;
    frames_with_more_of_the_words_come_first;
    a_word_with_a_wrong_first_letter_is_found_and_said;
}

async fn tell(app: &TestApp, texts: &[&str]) {
    for (number, text) in texts.iter().enumerate() {
        let order = json!({"client_id": format!("c{number}"), "strategy": "literal", "input_text": text,
            "output_image_width": 16, "output_image_height": 16});
        app.create_frame(order).await;
    }
}

/// Returns the results of a lexical search.
async fn search(app: &TestApp, query: &str) -> Vec<Value> {
    let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let page = app.json(&format!("/v2/search?query={query}&mode=lexical")).await;
    page["results"].as_array().expect("results").clone()
}

/// Asserts that a query finds exactly the frame with this text, and highlights `marked` in it.
async fn assert_finds(app: &TestApp, query: &str, text: &str, marked: &str) {
    let results = search(app, query).await;
    let texts: Vec<&str> = results.iter().map(|r| r["text"].as_str().expect("a text")).collect();
    assert!(matches!(texts[..], [found] if found.contains(text)), "{query}: {texts:?}");
    let characters: Vec<char> = texts[0].chars().collect();
    let [from, to] = [0, 1].map(|side| {
        usize::try_from(results[0]["highlights"][0][side].as_u64().expect("a place"))
            .expect("small")
    });
    assert_eq!(characters[from..to].iter().collect::<String>(), marked, "{query}");
}

async fn a_word_is_found_in_every_spelling_of_it(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let texts = [
        "Das Mädchen liest.",
        "Straße nach Zürich",
        "naïve café résumé",
        "Ein Ma\u{308}rchen",
        "Ευχαριστώ πολύ, ΟΔΟΣ",
        "İstanbul sabahı",
        "Ｆｕｌｌ width ﬁsh",
        "Dampf\u{ad}schiffe kommen",
        "Ёлка горит",
        "The lighthouses were glowing",
    ];
    tell(&app, &texts).await;
    for (query, text, marked) in [
        ("Mädchen", texts[0], "Mädchen"),
        ("Ma\u{308}dchen", texts[0], "Mädchen"),
        ("MADCHEN", texts[0], "Mädchen"),
        ("STRASSE", texts[1], "Straße"),
        ("zu\u{308}rich", texts[1], "Zürich"),
        ("cafe\u{301}", texts[2], "café"),
        ("resume", texts[2], "résumé"),
        ("märchen", texts[3], "Ma\u{308}rchen"),
        ("οδός", texts[4], "ΟΔΟΣ"),
        ("istanbul", texts[5], "İstanbul"),
        ("ISTANBUL", texts[5], "İstanbul"),
        ("full", texts[6], "Ｆｕｌｌ"),
        ("fish", texts[6], "ﬁsh"),
        ("dampfschiffe", texts[7], "Dampf\u{ad}schiffe"),
        ("елка", texts[8], "Ёлка"),
        ("lighthouse", texts[9], "lighthouses"),
        ("glow", texts[9], "glowing"),
    ] {
        assert_finds(&app, query, text, marked).await;
    }
    // A misspelt word is found without its accent too.
    assert!(!search(&app, "Mädchne").await.is_empty() || !app.store.is_sqlite());
    app.stop_and_remove().await;
}

async fn scripts_without_blanks_are_found_by_a_part(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let texts = ["古い灯台が光る", "สวัสดีชาวโลก", "대한민국 서울에서", "我在iPhone上读书", "カﾞス灯"];
    tell(&app, &texts).await;
    for (query, text, marked) in [
        ("古い灯台が光る", texts[0], "古い灯台が光る"),
        ("灯台", texts[0], "灯台"),
        ("光る", texts[0], "光る"),
        ("光", texts[0], "光"),
        ("ชาวโลก", texts[1], "ชาวโลก"),
        ("서울", texts[2], "서울"),
        ("\u{1109}\u{1165}\u{110b}\u{116e}\u{11af}", texts[2], "서울"),
        ("读书", texts[3], "读书"),
        ("IPHONE", texts[3], "iPhone"),
        ("ガス", texts[4], "カﾞス"),
    ] {
        assert_finds(&app, query, text, marked).await;
    }
    for query in ["台灯", "京都", "부산"] {
        assert!(search(&app, query).await.is_empty(), "{query}");
    }
    app.stop_and_remove().await;
}

async fn frames_of_an_earlier_version_are_found(database: TestDatabase) {
    let app = TestApp::start(database).await;
    tell(&app, &["Das Mädchen und das 灯台"]).await;
    let database = app.stop().await;
    // An earlier version knows nothing of terms.
    let sql = "UPDATE story_frame SET text_terms = NULL, illustration_terms = NULL, seen_terms = NULL, heard_terms = NULL";
    match &database.settings.url {
        Some(url) => {
            use sqlx::{Connection, Executor};
            let url = secrecy::ExposeSecret::expose_secret(url);
            let mut server = sqlx::PgConnection::connect(url).await.expect("connected");
            server.execute(sql).await.expect("changed");
        }
        None => {
            use sqlx::{ConnectOptions, Executor};
            let options =
                sqlx::sqlite::SqliteConnectOptions::new().filename(&database.settings.path);
            let mut file = options.connect().await.expect("opened");
            file.execute(sql).await.expect("changed");
        }
    }
    let app = TestApp::start(database).await;
    assert_finds(&app, "madchen", "Das Mädchen", "Mädchen").await;
    assert_finds(&app, "灯台", "Das Mädchen", "灯台").await;
    assert_eq!(app.store.fill_search_terms().await.expect("nothing to do"), 0);
    app.stop_and_remove().await;
}

async fn frames_with_more_of_the_words_come_first(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let texts = [
        "A lantern, an otter, a violin and a kettle.",
        "An otter, a violin and a kettle.",
        "A lantern, an otter and a violin.",
        "A violin and a kettle.",
        "A lantern, an otter.",
        "A violin.",
        "Nothing of them.",
    ];
    tell(&app, &texts).await;
    let results = search(&app, "lantern otter violin kettle").await;
    let found: Vec<usize> = results
        .iter()
        .map(|result| {
            let found = result["text"].as_str().expect("a text");
            texts.iter().position(|text| found.contains(text)).expect("one of the texts")
        })
        .collect();
    assert_eq!(found, [0, 2, 1, 4, 3, 5], "those with as many words newest first");
    app.stop_and_remove().await;
}

async fn a_word_with_a_wrong_first_letter_is_found_and_said(database: TestDatabase) {
    let app = TestApp::start(database).await;
    tell(&app, &["At noon the bell rang.", "The lighthouse slept."]).await;
    assert_finds(&app, "moon", "At noon", "noon").await;
    assert_finds(&app, "nighthouse", "lighthouse", "lighthouse").await;
    assert_eq!(search(&app, "oon").await.len(), 0, "too short to guess");
    let mut browser = crate::pages::Browser::new(&app);
    let page = browser.open("/search?q=moon").await.text;
    assert!(page.contains("No frame has “moon”; these have “noon”."), "{page}");
    let page = browser.open("/search?q=bell").await.text;
    assert!(page.contains("Searched by words."), "{page}");
    app.stop_and_remove().await;
}
