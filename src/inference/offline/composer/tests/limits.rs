//! Small screens.

use super::super::english::length;
use super::{brief, faults, measured, tell};
use crate::inference::offline::composer::compose;

#[test]
fn no_text_is_longer_than_asked_for() {
    for seed in 0..3 {
        let tales = tell(seed, 6, |brief| brief.seen = Some(measured()));
        for most in 20..=1000 {
            let mut brief = brief(seed);
            brief.frame_number = 6;
            brief.memory = tales[5].memory.clone();
            brief.prior = tales.iter().map(|tale| tale.text.clone()).collect();
            brief.max_chars = Some(most);
            brief.seen = (most % 2 == 0).then(measured);
            brief.said =
                (most % 3 == 0).then(|| "We came all the way from the other side".to_owned());
            brief.heard = (most % 5 == 0).then(|| "Is anybody there? I thought so.".to_owned());
            let text = compose(&brief).text;
            assert!(length(&text) <= most, "{most}: {text}");
            assert_eq!(faults(&text), Vec::<String>::new(), "{most}");
        }
    }
}

#[test]
fn tiny_screens_get_whole_sentences_with_their_colours() {
    for most in [40, 80, 120, 160] {
        for tale in tell(9, 60, |brief| {
            brief.seen = Some(measured());
            brief.max_chars = Some(most);
        }) {
            let text = tale.text.to_lowercase();
            let named = ["burnt orange", "slate grey", "ivory", "bright edge"];
            assert!(named.iter().any(|name| text.contains(name)), "{most}: {text}");
            assert_eq!(faults(&tale.text), Vec::<String>::new());
        }
    }
}

#[test]
fn the_tiniest_limits_give_what_fits() {
    for most in 0..20 {
        let mut brief = brief(3);
        brief.max_chars = Some(most);
        let text = compose(&brief).text;
        assert!(length(&text) <= most, "{most}: {text}");
        assert!(most < 2 || text.ends_with('.'), "{most}: {text}");
    }
}

#[test]
fn tiny_stories_do_not_stutter() {
    for most in [60, 100, 140] {
        let tales = tell(5, 120, |brief| brief.max_chars = Some(most));
        let again = tales.windows(2).filter(|pair| pair[0].text == pair[1].text).count();
        assert_eq!(again, 0, "{most}");
    }
}

#[test]
fn large_screens_get_longer_paragraphs() {
    let tales = tell(5, 60, |brief| brief.max_chars = Some(1000));
    let mean = tales.iter().map(|tale| length(&tale.text)).sum::<usize>() / tales.len();
    assert!((400..=900).contains(&mean), "{mean}");
}
