use std::time::{Duration, Instant};

use minijinja::context;

use super::*;

async fn render_sample(template: &str) -> Result<String, TemplateError> {
    let likes = ["boat", "fox"];
    render(
        template,
        context! { text => "Hm.", likes, brief => context! { prior => ["One.", "Two."] } },
    )
    .await
}

/// Checks that a template fails, and soon.
async fn check_failure(template: &str) {
    let started = Instant::now();
    let rendered = render_sample(template).await;
    let shown: String = template.chars().take(120).collect();
    assert!(rendered.is_err(), "{shown}: {rendered:?}");
    assert!(started.elapsed() < Duration::from_secs(3), "{shown}: {:?}", started.elapsed());
}

/// Checks that a template is refused before it is parsed.
async fn check_refusal(template: &str) {
    let rendered = render_sample(template).await;
    let shown: String = template.chars().take(200).collect();
    assert!(matches!(rendered, Err(TemplateError::Refused { .. })), "{shown}: {rendered:?}");
}

/// Returns templates that nest one construct `n` times, or chain it.
fn nested(n: usize) -> Vec<String> {
    let around =
        |open: &str, close: &str| format!("{{{{ {}1{} }}}}", open.repeat(n), close.repeat(n));
    let blocks = |open: &str, close: &str| open.repeat(n) + &close.repeat(n);
    vec![
        around("(", ")"),
        around("[", "]"),
        around("{1:", "}"),
        around("range(", ")"),
        around("not ", ""),
        around("-", ""),
        around("- ", ""),
        around("1 if 0 else ", ""),
        around("", "+1"),
        around("", "**1"),
        around("", "~1"),
        around("", "*1"),
        around("", " and 1"),
        around("", " < 1"),
        around("", "|abs"),
        around("", " is true"),
        around("", " if 1"),
        around("", ".a"),
        around("", "[0]"),
        around("", "()"),
        format!("{{% for {}a{} in [1] %}}{{% endfor %}}", "(".repeat(n), ",)".repeat(n)),
        format!("{{% set {}a{} = [1] %}}", "(".repeat(n), ",)".repeat(n)),
        format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(n)),
        blocks("{% if 1 %}", "{% endif %}"),
        blocks("{% for i in [1] %}", "{% endfor %}"),
        blocks("{% with %}", "{% endwith %}"),
        blocks("{% set x %}", "{% endset %}"),
        blocks("{% filter upper %}", "{% endfilter %}"),
        blocks("{% autoescape false %}", "{% endautoescape %}"),
        // Unfinished ones are parsed, too.
        "{{ ".to_owned() + &"(".repeat(n),
        "{% if 1 %}".repeat(n),
        "{{ ".to_owned() + &"{{".repeat(n),
    ]
}

#[tokio::test]
async fn nesting_never_overflows_the_stack() {
    for template in nested(1000).into_iter().chain(nested(50_000)) {
        check_failure(&template).await;
    }
    // As much as the scan admits is rendered, or fails with an error.
    for n in [40, 90, 140, 300, 450] {
        for template in nested(n) {
            let _ = render_sample(&template).await;
        }
    }
}

#[tokio::test]
async fn a_value_cannot_grow_from_round_to_round() {
    let start = "{% set n = namespace(x=[1]) %}{% for i in range(60) %}";
    for step in [
        "{% set n.x = [n.x, n.x] %}",
        "{% set n.x = n.x + n.x %}",
        "{% set n.x = n.x * 2 %}",
        "{% set n.x = {'a': n.x, 'b': n.x} %}",
        "{% set n.x = (n.x, n.x) %}",
        "{% set n.x = n.x, n.x %}",
        "{% set n.x = n.x|chain(n.x) %}",
        "{% set n.x = n.x|zip(n.x) %}",
        "{% set n.x = dict(a=n.x, b=n.x) %}",
        "{% set n.x = [n.x] %}",
        "{% set n.x = n.x[:] %}",
        "{% set n.x = n.x|reverse %}",
        "{% set n.x = n %}",
        "{% set n.x = [n.y] + [n.x] %}",
        "{% set y = n.x %}{% set n.x = [y, y] %}",
        "{% with y = n.x %}{% set n.x = y + y %}{% endwith %}",
        "{% for y in [n.x] %}{% set n.x = y + y %}{% endfor %}",
        "{% set m = namespace(x=n.x) %}{% set n.x = m.x + m.x %}",
        "{% set m = n %}{% set m.x = m.x + m.x %}",
        "{% set z = [n.x, n.x] %}{% set n.x = z %}",
        "{% set z = n.x + n.x %}{% set w = z %}{% set n.x = w %}",
        "{% for z in [n.x + n.x] %}{% set n.x = z %}{% endfor %}",
        "{% set m = namespace(x=[n.x, n.x]) %}{% set n.x = m.x %}",
    ] {
        for end in ["", "{{ n.x == n.x }}", "{{ n.x|length }}"] {
            check_refusal(&format!("{start}{step}{{% endfor %}}{end}")).await;
        }
    }
    for other in [
        "{% for x in [[1]] recursive %}{{ loop([x, x]) }}{% endfor %}",
        "{% set f = namespace %}{% set n = f(x=1) %}",
        "{% set n = [namespace(x=1)] %}",
        "{{ namespace(x=1) }}",
        "{% with n = namespace() %}{% endwith %}",
    ] {
        check_refusal(other).await;
    }
}

#[tokio::test]
async fn a_value_cannot_be_doubled_again_and_again() {
    let repeated = |step: &str| "{% set x = [1] %}".to_owned() + &step.repeat(40) + "{{ x == x }}";
    for step in [
        "{% set x = [x, x] %}",
        "{% set x = x + x %}",
        "{% set x = {'a': x, 'b': x} %}",
        "{% set x, y = [x, x], 1 %}",
        "{% if text %}{% set x = (x, x) %}{% endif %}",
    ] {
        check_refusal(&repeated(step)).await;
    }
    check_refusal(&repeated("{% set x = x * (text|length + 99999) %}")).await;
    check_refusal(&repeated("{% set x = range(30000)|map('default', x, true)|list %}")).await;
    let nested_with = "{% with x = [x, x] %}".repeat(40) + &"{% endwith %}".repeat(40);
    check_refusal(&("{% set x = [1] %}".to_owned() + &nested_with)).await;
    let nested_for = "{% for x in [[x, x]] %}".repeat(40) + &"{% endfor %}".repeat(40);
    check_refusal(&("{% set x = [1] %}".to_owned() + &nested_for)).await;
}

#[tokio::test]
async fn a_value_cannot_be_nested_again_and_again() {
    let repeated = |step: &str, n: usize| {
        "{% set x = [1] %}".to_owned() + &step.repeat(n) + "{{ x }}{{ x == x }}{{ x|length }}"
    };
    for step in [
        "{% set x = [x] %}",
        "{% set x = {'a': x} %}",
        "{% set x = x[:] %}",
        "{% set x = x|reverse %}",
        "{% set x = x|map('list') %}",
        "{% set x = x + [1] %}",
        "{% set x = dict(a=x) %}",
    ] {
        check_refusal(&repeated(step, 10_000)).await;
        // As much as the scan admits is rendered, or fails with an error.
        for n in [200, 450, 900] {
            let _ = render_sample(&repeated(step, n)).await;
        }
    }
}

#[tokio::test]
async fn work_and_text_are_limited() {
    for template in [
        "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}",
        "{{ 'x' * 1000000000 }}",
        "{{ [1] * 1000000000 }}",
        "{{ range(1000000000)|list }}",
        "{{ 'a'|indent(1000000000) }}",
        "{{ '%1000000000d'|format(1) }}",
        "{{ range(10000)|join('b' * 90000) }}",
        "{{ text|replace('', 'a' * 90000)|replace('', 'a' * 90000) }}",
        "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{% set n = namespace(x=[1]) %}{% for i in range(99999) %}{% set n.x = n.x + [i] %}{% endfor %}{{ n.x == n.x }}",
    ] {
        check_failure(template).await;
    }
    let large = "é".repeat(64 << 10);
    assert_eq!(render_sample(&large).await.expect("rendered").len(), large.len());
    check_refusal(&"é".repeat((128 << 10) + 1)).await;
}

#[tokio::test]
async fn what_prompts_need_is_rendered() {
    for (template, expected) in [
        ("{{ text }} {{ nothing }}{# (((( #}{% raw %}{{ (( }}{% endraw %}", "Hm. {{ (( }}"),
        ("{% set all = brief.prior|map('upper')|join(' ') %}{{ all }}", "ONE. TWO."),
        (
            "{% set n = namespace(found=false, all=[], count=0, words='') %}{% for p in brief.prior %}\
             {% set n.found = n.found or p == 'Two.' %}{% set n.all = n.all + [p|lower] %}\
             {% set n.count = n.count + 1 %}{% set n.words = n.words ~ p|default('-', true) %}{% endfor %}\
             {{ n.found }} {{ n.all|join }} {{ n.count }} {{ n.words }}",
            "True one.two. 2 One.Two.",
        ),
        (
            "{% for key, value in {'a': likes, 'b': likes}|items %}{{ key }}{{ value|length * 2 }}{% endfor %}",
            "a4b4",
        ),
        (
            "{% set intro %}{% if likes %}Of {{ likes|join(', ') }}{% else %}-{% endif %}{% endset %}{{ intro }}",
            "Of boat, fox",
        ),
        ("{{ '{{ ((((' ~ text }}", "{{ ((((Hm."),
    ] {
        assert_eq!(render_sample(template).await.expect("rendered"), expected, "{template}");
    }
}

#[tokio::test]
async fn a_refusal_names_the_line() {
    let error = render_sample("One\ntwo\n{{ namespace }}").await.expect_err("refused");
    assert_eq!(error.to_string(), "write a namespace as {% set name = namespace(…) %} (in line 3)");
}
