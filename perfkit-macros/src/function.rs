//! The function that `#[measure]` stands on.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{
    Attribute, Error, GenericArgument, Path, PathArguments, Result, ReturnType, Signature, Token,
    Type, TypeParamBound, Visibility,
};

const WHERE_IT_GOES: &str =
    "`#[measure]` goes on a function or method with a body; in an `impl`, on each method";

/// A function or method, its body unparsed.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) default: Option<Token![default]>,
    pub(crate) signature: Signature,
    /// Attributes at the start of the body, `#![…]`.
    pub(crate) inner_attributes: Vec<Attribute>,
    pub(crate) body: TokenStream,
    pub(crate) body_span: Span,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let default = if input.peek(Token![default]) && !input.peek2(Token![!]) {
            Some(input.parse()?)
        } else {
            None
        };
        let start = input.span();
        let signature: Signature = input
            .parse()
            .map_err(|_| Error::new(start, WHERE_IT_GOES))?;
        let body = match input.parse::<TokenTree>() {
            Ok(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace => body,
            _ => return Err(Error::new(signature.fn_token.span, WHERE_IT_GOES)),
        };
        let (inner_attributes, rest) = split_inner_attributes(&body)?;
        Ok(Self {
            attributes,
            visibility,
            default,
            signature,
            inner_attributes,
            body: rest,
            body_span: body.span(),
        })
    }
}

fn split_inner_attributes(body: &Group) -> Result<(Vec<Attribute>, TokenStream)> {
    let split = |input: ParseStream<'_>| {
        let attributes = input.call(Attribute::parse_inner)?;
        Ok((attributes, input.parse()?))
    };
    syn::parse::Parser::parse2(split, body.stream())
}

/// What a call returns, as far as its type tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Returns {
    /// Certainly no `Result`: nothing to look at.
    Plain,
    /// A value that may be a `Result`, perhaps under another name.
    Value,
    /// `impl Future`.
    Future,
    /// A future in a box.
    BoxedFuture,
}

impl Function {
    pub(crate) fn returns(&self) -> Returns {
        match &self.signature.output {
            ReturnType::Default => Returns::Plain,
            ReturnType::Type(_, returned) => returns(returned),
        }
    }

    /// Whether `Self` is known to mean something here.
    pub(crate) fn has_self(&self) -> bool {
        self.signature.receiver().is_some() || mentions_self(self.signature.to_token_stream())
    }
}

fn returns(returned: &Type) -> Returns {
    match returned {
        Type::ImplTrait(opaque) if has_future(opaque.bounds.iter()) => Returns::Future,
        Type::Path(path) if is_boxed_future(&path.path) => Returns::BoxedFuture,
        Type::Path(path) if path.qself.is_none() && is_plain(&path.path) => Returns::Plain,
        Type::Path(_) | Type::Macro(_) => Returns::Value,
        Type::Paren(inner) => returns(&inner.elem),
        Type::Group(inner) => returns(&inner.elem),
        _ => Returns::Plain,
    }
}

/// Types of the standard library that are no `Result` and no alias of one.
fn is_plain(path: &Path) -> bool {
    const PLAIN: [&str; 27] = [
        "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32",
        "i64", "i128", "isize", "f32", "f64", "String", "Option", "Vec", "Box", "Rc", "Arc",
        "HashMap", "BTreeMap", "Duration", "Self",
    ];
    path.segments.len() == 1
        && path
            .get_ident()
            .or(first_ident(path))
            .is_some_and(|ident| PLAIN.iter().any(|plain| ident == plain))
}

fn first_ident(path: &Path) -> Option<&syn::Ident> {
    path.segments.first().map(|segment| &segment.ident)
}

/// `Pin<Box<dyn Future>>`, or the alias of it in the `futures` crate.
fn is_boxed_future(path: &Path) -> bool {
    let Some(last) = path.segments.last() else {
        return false;
    };
    if last.ident == "BoxFuture" || last.ident == "LocalBoxFuture" {
        return true;
    }
    let boxed = (last.ident == "Pin").then(|| only_type_argument(&last.arguments));
    let Some(Some(Type::Path(boxed))) = boxed else {
        return false;
    };
    let content = boxed
        .path
        .segments
        .last()
        .filter(|segment| segment.ident == "Box")
        .and_then(|segment| only_type_argument(&segment.arguments));
    matches!(content, Some(Type::TraitObject(object)) if has_future(object.bounds.iter()))
}

fn only_type_argument(arguments: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(argument) => Some(argument),
        _ => None,
    })
}

fn has_future<'a>(mut bounds: impl Iterator<Item = &'a TypeParamBound>) -> bool {
    bounds.any(|bound| match bound {
        TypeParamBound::Trait(bound) => {
            let last = bound.path.segments.last();
            last.is_some_and(|segment| segment.ident == "Future")
        }
        _ => false,
    })
}

fn mentions_self(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "Self",
        TokenTree::Group(group) => mentions_self(group.stream()),
        _ => false,
    })
}
