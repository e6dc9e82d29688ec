//! Three hundred frames of one story must hold together and never stutter.

use std::collections::{HashMap, HashSet};

use super::super::english::{sentences, words};
use super::{brief, faults, measured, recognised, tell};
use crate::domain::Season;
use crate::inference::offline::composer::{ComposedFrame, compose};

/// Sentences told again within thirty frames.
fn repeats(tales: &[ComposedFrame]) -> Vec<String> {
    let mut last: HashMap<Vec<String>, usize> = HashMap::new();
    let mut found = Vec::new();
    for (number, tale) in tales.iter().enumerate() {
        for sentence in sentences(&tale.text) {
            if let Some(before) = last.insert(words(sentence), number)
                && number - before <= 30
            {
                found.push(format!("{before} and {number}: {sentence}"));
            }
        }
    }
    found
}

#[test]
fn the_same_brief_gives_the_same_tale() {
    let mut brief = brief(7);
    brief.seen = Some(measured());
    assert_eq!(compose(&brief), compose(&brief));
}

#[test]
fn another_seed_gives_another_story() {
    let casts: HashSet<_> = (0..40).map(|seed| compose(&brief(seed)).cast).collect();
    let texts: HashSet<_> = (0..40).map(|seed| compose(&brief(seed)).text).collect();
    assert_eq!((casts.len(), texts.len()), (40, 40));
}

#[test]
fn three_hundred_frames_never_repeat_a_sentence_within_thirty() {
    for seed in 0..5 {
        for seen in [None, Some(measured()), Some(recognised())] {
            let tales = tell(seed, 300, |brief| brief.seen.clone_from(&seen));
            let repeats = repeats(&tales);
            assert!(repeats.is_empty(), "seed {seed}: {repeats:#?}");
        }
    }
}

#[test]
fn every_frame_is_sound_english() {
    for seed in 0..6 {
        let tales = tell(seed, 300, |brief| {
            brief.seen = Some(if brief.frame_number % 2 == 0 { measured() } else { recognised() });
            brief.hour = brief.frame_number % 24;
        });
        let faults: Vec<_> = tales.iter().flat_map(|tale| faults(&tale.text)).collect();
        assert!(faults.is_empty(), "seed {seed}: {faults:#?}");
    }
}

#[test]
fn frames_without_a_limit_are_paragraphs() {
    let tales = tell(3, 200, |brief| brief.seen = Some(measured()));
    let lengths: Vec<_> = tales.iter().map(|tale| tale.text.chars().count()).collect();
    let mean = lengths.iter().sum::<usize>() / lengths.len();
    assert!((220..=450).contains(&mean), "{mean}");
    assert!(lengths.iter().all(|length| (110..=470).contains(length)), "{lengths:?}");
    assert!(tales.iter().all(|tale| sentences(&tale.text).len() >= 2));
}

#[test]
fn the_cast_stays() {
    for seed in 0..5 {
        let tales = tell(seed, 200, |_| {});
        let names = |tale: &ComposedFrame| -> Vec<String> {
            tale.cast.iter().filter_map(|who| who.split(',').next().map(str::to_owned)).collect()
        };
        let cast = names(&tales[0]);
        assert_eq!(cast.len(), 4);
        assert!(tales.iter().all(|tale| names(tale) == cast));
        let firsts: Vec<_> = cast.iter().filter_map(|name| name.split(' ').next()).collect();
        let telling =
            tales.iter().filter(|tale| firsts.iter().any(|name| tale.text.contains(name)));
        assert!(telling.count() * 10 >= tales.len() * 6);
    }
}

#[test]
fn every_frame_with_a_sight_names_something_in_it() {
    let names = ["burnt orange", "slate grey", "ivory", "bright edge along the top"];
    for seed in 0..5 {
        for tale in tell(seed, 200, |brief| brief.seen = Some(measured())) {
            let text = tale.text.to_lowercase();
            assert!(names.iter().any(|name| text.contains(name)), "{text}");
        }
        let names = ["a lighthouse", "two people", "a dog on a leash"];
        for tale in tell(seed, 200, |brief| brief.seen = Some(recognised())) {
            let text = tale.text.to_lowercase();
            assert!(names.iter().any(|name| text.contains(name)), "{text}");
        }
    }
}

#[test]
fn words_sent_and_heard_are_told() {
    for seed in 0..10 {
        let tales = tell(seed, 40, |brief| {
            brief.said = Some("The “kettle” is\n on!".to_owned());
            brief.heard = Some("where did you put the ladder?".to_owned());
            brief.seen = Some(measured());
        });
        for tale in tales {
            let text = tale.text.to_lowercase();
            assert!(
                text.contains("the kettle is on") && text.contains("where did you put"),
                "{text}"
            );
            assert_eq!(faults(&tale.text), Vec::<String>::new());
        }
    }
}

#[test]
fn a_wish_for_a_style_sets_the_genre() {
    let mut brief = brief(1);
    for (style, genre) in [("as a fairy tale", "fairy tale"), ("Film noir, please", "comic noir")] {
        brief.style = Some(style.to_owned());
        assert_eq!(compose(&brief).genre, genre);
    }
}

#[test]
fn threads_follow_one_another() {
    let tales = tell(2, 300, |_| {});
    let threads: HashSet<_> =
        tales.iter().map(|tale| tale.memory["plot"]["key"].to_string()).collect();
    assert!(threads.len() >= 7, "{threads:?}");
}

/// Everything varies at once.
#[test]
fn stories_through_hours_seasons_and_styles_are_sound() {
    for seed in 100..108 {
        let tales = tell(seed, 60, |brief| {
            brief.hour = brief.frame_number % 24;
            brief.season = [Season::Spring, Season::Summer, Season::Autumn, Season::Winter]
                [(brief.frame_number as usize / 9) % 4];
            brief.seen = (brief.frame_number % 3 > 0).then(measured);
            brief.place = Some("Linz".to_owned());
            brief.style = (seed % 7 == 0).then(|| "haiku, melancholy".to_owned());
        });
        let faults: Vec<_> = tales.iter().flat_map(|tale| faults(&tale.text)).collect();
        assert!(faults.is_empty(), "seed {seed}: {faults:#?}");
        assert_eq!(repeats(&tales), Vec::<String>::new(), "seed {seed}");
    }
}

#[test]
fn what_the_listener_likes_comes_up_now_and_then() {
    let told = |likes: &[&str]| {
        let mut brief = brief(11);
        brief.seen = Some(recognised());
        brief.known.likes = likes.iter().map(|like| (*like).to_owned()).collect();
        let mut texts = Vec::new();
        for number in 0..12 {
            brief.frame_number = number;
            let tale = compose(&brief);
            brief.prior.push(tale.text.clone());
            brief.memory = tale.memory;
            texts.push(tale.text);
        }
        texts
    };
    let (lovers, others) = (told(&["zeppelin"]), told(&[]));
    let count = |texts: &[String]| texts.iter().filter(|text| text.contains("a zeppelin")).count();
    assert!((1..=8).contains(&count(&lovers)), "{lovers:#?}");
    assert_eq!(count(&others), 0);
    assert!(lovers.iter().zip(&others).filter(|(a, b)| a != b).count() > 8);
}
