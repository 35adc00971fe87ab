//! What stands in the parentheses of `#[measure(…)]`.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{
    Error, Expr, Ident, LitBool, LitInt, LitStr, Path, Result, Token, parenthesized, parse_quote,
};

const KNOWN: &str = "`name`, `memory`, `cpu`, `throughput`, `labels`, `sample`, `stream`, `ok`, `error_kind`, `monitor` and `crate`";

/// The options, each at most once.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) name: Option<LitStr>,
    pub(crate) memory: bool,
    pub(crate) cpu: bool,
    pub(crate) throughput: Option<Throughput>,
    pub(crate) labels: Vec<Label>,
    /// One of so many calls is timed.
    pub(crate) sample: Option<LitInt>,
    /// Whether the returned stream is measured, or its making alone, if that was said.
    pub(crate) stream: Option<LitBool>,
    pub(crate) ok: Option<Expr>,
    pub(crate) error_kind: Option<Expr>,
    pub(crate) monitor: Option<Expr>,
    pub(crate) library: Library,
}

/// A label and where its value comes from.
pub(crate) struct Label {
    pub(crate) key: Ident,
    pub(crate) value: Expr,
}

impl Label {
    /// The key as text.
    pub(crate) fn text(&self) -> String {
        self.key.unraw().to_string()
    }

    /// Whether the result tells the value: a closure is asked, and any other expression
    /// is evaluated before the call.
    pub(crate) fn is_of_result(&self) -> bool {
        is_closure(&self.value)
    }
}

fn is_closure(value: &Expr) -> bool {
    match value {
        Expr::Closure(_) => true,
        Expr::Paren(inner) => is_closure(&inner.expr),
        Expr::Group(inner) => is_closure(&inner.expr),
        _ => false,
    }
}

/// The path of the perfkit library.
pub(crate) struct Library(pub(crate) Path);

impl Default for Library {
    fn default() -> Self {
        Self(parse_quote!(::perfkit))
    }
}

/// What a call processes, `items` or `bytes`, and how much of it.
pub(crate) struct Throughput {
    pub(crate) unit: Ident,
    pub(crate) amount: Expr,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut arguments = Self::default();
        parse_options(input, option_name, |option| {
            arguments.parse_option(option, input)
        })?;
        Ok(arguments)
    }
}

impl Arguments {
    /// An option that is asked of the returned value.
    pub(crate) fn asked_of_value(&self) -> Option<&Expr> {
        let label = self.labels_of_result().next();
        let label = label.map(|label| &label.value);
        self.ok.as_ref().or(self.error_kind.as_ref()).or(label)
    }

    /// The labels that are known before the call.
    pub(crate) fn labels_before(&self) -> impl Iterator<Item = &Label> {
        self.labels.iter().filter(|label| !label.is_of_result())
    }

    /// The labels that the result tells.
    pub(crate) fn labels_of_result(&self) -> impl Iterator<Item = &Label> {
        self.labels.iter().filter(|label| label.is_of_result())
    }

    fn parse_option(&mut self, option: &Ident, input: ParseStream<'_>) -> Result<()> {
        match option.to_string().as_str() {
            "name" => self.name = Some(parse_name(option, input)?),
            "memory" => self.memory = parse_switch(option, input)?,
            "cpu" => self.cpu = parse_switch(option, input)?,
            "throughput" => self.throughput = Some(parse_throughput(option, input)?),
            "labels" => self.labels = parse_labels(option, input)?,
            "sample" => self.sample = Some(parse_sample(option, input)?),
            "stream" => self.stream = Some(parse_stream(option, input)?),
            "ok" => self.ok = Some(parse_question(option, input, "the returned value")?),
            "error_kind" => self.error_kind = Some(parse_question(option, input, "the error")?),
            "monitor" => self.monitor = Some(parse_value(option, input)?),
            "crate" => self.library = Library(parse_value(option, input)?),
            _ => return Err(unknown_option(option, "measure", KNOWN)),
        }
        Ok(())
    }
}

/// Reads options that commas part, each at most once.
pub(crate) fn parse_options(
    input: ParseStream<'_>,
    name: impl Fn(ParseStream<'_>) -> Result<Ident>,
    mut parse_option: impl FnMut(&Ident) -> Result<()>,
) -> Result<()> {
    let mut seen: Vec<Ident> = Vec::new();
    while !input.is_empty() {
        let option = name(input)?;
        if seen.contains(&option) {
            let message = format!("`{option}` is given twice");
            return Err(Error::new(option.span(), message));
        }
        parse_option(&option)?;
        seen.push(option);
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(())
}

pub(crate) fn unknown_option(option: &Ident, attribute: &str, known: &str) -> Error {
    let message = format!("`{option}` is no option of `#[{attribute}]`; known are {known}");
    Error::new(option.span(), message)
}

fn option_name(input: ParseStream<'_>) -> Result<Ident> {
    if input.peek(LitStr) {
        let message = "an operation's name is written `name = \"…\"`";
        return Err(input.error(message));
    }
    Ident::parse_any(input)
        .map_err(|error| Error::new(error.span(), format!("expected an option: {KNOWN}")))
}

/// `= VALUE`
pub(crate) fn parse_value<T: Parse>(option: &Ident, input: ParseStream<'_>) -> Result<T> {
    if !input.peek(Token![=]) {
        let message = format!("`{option}` needs a value: `{option} = …`");
        return Err(Error::new(option.span(), message));
    }
    input.parse::<Token![=]>()?;
    input.parse()
}

/// `= FUNCTION`, where a closure takes one argument.
fn parse_question(option: &Ident, input: ParseStream<'_>, asked: &str) -> Result<Expr> {
    let question = parse_value(option, input)?;
    check_closure(option, &question, asked)?;
    Ok(question)
}

/// A closure that is asked of something takes that and nothing else.
fn check_closure(option: &Ident, value: &Expr, asked: &str) -> Result<()> {
    match value {
        Expr::Closure(closure) if closure.inputs.len() != 1 => {
            let message =
                format!("a closure for `{option}` has one argument: a reference to {asked}");
            Err(Error::new_spanned(value, message))
        }
        _ => Ok(()),
    }
}

/// Nothing: the option's presence is its value.
fn parse_switch(option: &Ident, input: ParseStream<'_>) -> Result<bool> {
    if input.peek(Token![=]) {
        let message =
            format!("`{option}` takes no value: write it to measure it, leave it out not to");
        return Err(Error::new(option.span(), message));
    }
    Ok(true)
}

fn parse_name(option: &Ident, input: ParseStream<'_>) -> Result<LitStr> {
    let value: Expr = parse_value(option, input)?;
    let name = match value {
        Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(name),
            ..
        }) => name,
        other => {
            let message = "the name must be a string literal, because it is found only once";
            return Err(Error::new_spanned(other, message));
        }
    };
    if name.value().is_empty() {
        return Err(Error::new(name.span(), "the name is empty"));
    }
    Ok(name)
}

fn parse_throughput(option: &Ident, input: ParseStream<'_>) -> Result<Throughput> {
    const FORM: &str = "write `throughput(items = …)` or `throughput(bytes = …)`";
    if !input.peek(syn::token::Paren) {
        return Err(Error::new(option.span(), FORM));
    }
    let content;
    parenthesized!(content in input);
    let unit_span: Span = content.span();
    let unit: Ident = content.parse().map_err(|_| Error::new(unit_span, FORM))?;
    if unit != "items" && unit != "bytes" {
        return Err(Error::new(unit.span(), FORM));
    }
    let amount = parse_value(&unit, &content)?;
    if content.peek(Token![,]) {
        content.parse::<Token![,]>()?;
    }
    if !content.is_empty() {
        return Err(content.error("a call has one throughput, in items or in bytes"));
    }
    Ok(Throughput { unit, amount })
}

/// `(key = VALUE, …)`
fn parse_labels(option: &Ident, input: ParseStream<'_>) -> Result<Vec<Label>> {
    const FORM: &str = "write `labels(key = …)`, with as many keys as there are labels";
    if !input.peek(syn::token::Paren) {
        return Err(Error::new(option.span(), FORM));
    }
    let content;
    parenthesized!(content in input);
    let mut labels: Vec<Label> = Vec::new();
    while !content.is_empty() {
        let key = Ident::parse_any(&content).map_err(|error| Error::new(error.span(), FORM))?;
        if labels.iter().any(|known| known.key == key) {
            let message = format!("the label `{key}` is given twice");
            return Err(Error::new(key.span(), message));
        }
        let value = parse_question(&key, &content, "the returned value")?;
        labels.push(Label { key, value });
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    if labels.is_empty() {
        return Err(Error::new(option.span(), FORM));
    }
    Ok(labels)
}

/// Nothing, or `= false`.
fn parse_stream(option: &Ident, input: ParseStream<'_>) -> Result<LitBool> {
    const FORM: &str = "write `stream` to measure the stream that is returned, or `stream = false` to measure its making alone";
    if !input.peek(Token![=]) {
        return Ok(LitBool::new(true, option.span()));
    }
    let value: Expr = parse_value(option, input)?;
    match value {
        Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Bool(value),
            ..
        }) => Ok(value),
        other => Err(Error::new_spanned(other, FORM)),
    }
}

/// `= NUMBER`
fn parse_sample(option: &Ident, input: ParseStream<'_>) -> Result<LitInt> {
    const FORM: &str = "`sample = N` times one of N calls: N is a whole number from 2 to 1000000";
    let value: Expr = parse_value(option, input)?;
    let Expr::Lit(syn::ExprLit {
        lit: syn::Lit::Int(number),
        ..
    }) = value
    else {
        return Err(Error::new_spanned(value, FORM));
    };
    match number.base10_parse::<u32>() {
        Ok(2..=1_000_000) => Ok(number),
        _ => Err(Error::new(number.span(), FORM)),
    }
}
