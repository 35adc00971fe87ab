//! The function that `#[measure]` stands on.

use std::collections::HashSet;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::visit::Visit;
use syn::{
    Attribute, Error, FnArg, GenericArgument, Path, PathArguments, Result, ReturnType, Signature,
    Token, Type, TypeParamBound, Visibility,
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
        let body = input.parse::<TokenTree>().ok().and_then(braces);
        let body = body.ok_or_else(|| Error::new(signature.fn_token.span, WHERE_IT_GOES))?;
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

/// A block in braces, also as a macro passes it on: in a group of its own.
fn braces(tree: TokenTree) -> Option<Group> {
    let TokenTree::Group(group) = tree else {
        return None;
    };
    match group.delimiter() {
        Delimiter::Brace => Some(group),
        Delimiter::None => {
            let mut inner = group.stream().into_iter();
            let only = inner.next()?;
            inner.next().is_none().then(|| braces(only)).flatten()
        }
        _ => None,
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
pub(crate) enum Returns {
    /// A value, perhaps a `Result`.
    Value,
    /// A type that a closure cannot name or that has no values: the body must
    /// stay where it is, and there is no outcome to look at.
    Unnamed,
    /// A future, alone or in a box, with its output if the type says it.
    Future(Wrapped, Box<Option<Type>>),
}

/// What a returned future is wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrapped {
    /// Nothing.
    Bare,
    /// `Box`.
    Box,
    /// `Pin<Box>`.
    PinnedBox,
}

impl Function {
    pub(crate) fn returns(&self) -> Returns {
        match &self.signature.output {
            ReturnType::Default => Returns::Value,
            ReturnType::Type(_, returned) => returns(returned),
        }
    }

    /// Whether the return type says `impl Trait` somewhere.
    pub(crate) fn returns_opaque(&self) -> bool {
        mentions(self.signature.output.to_token_stream(), "impl")
    }

    /// Whether the function has `#[track_caller]`, or may have it by `#[cfg_attr]`: then its
    /// body stays where it is, in no closure, because a closure would hide the caller.
    pub(crate) fn tracks_caller(&self) -> bool {
        self.attributes.iter().any(|attribute| {
            let path = attribute.path();
            let tokens = attribute.meta.to_token_stream();
            path.is_ident("track_caller")
                || path.is_ident("cfg_attr") && mentions(tokens, "track_caller")
        })
    }

    /// Whether `Self` is known to mean something here.
    pub(crate) fn has_self(&self) -> bool {
        self.signature.receiver().is_some() || mentions(self.signature.to_token_stream(), "Self")
    }

    /// The parameters' names that the body uses or that nobody expects it to,
    /// in the order in which their values are dropped: the last one first.
    pub(crate) fn owned_names(&self) -> Vec<Ident> {
        #[derive(Default)]
        struct Names(Vec<Ident>);
        impl<'ast> Visit<'ast> for Names {
            fn visit_pat_ident(&mut self, node: &'ast syn::PatIdent) {
                self.0.push(node.ident.clone());
                syn::visit::visit_pat_ident(self, node);
            }
        }
        let mut names = Names::default();
        for input in &self.signature.inputs {
            match input {
                FnArg::Receiver(receiver) => names.0.push(receiver.self_token.into()),
                FnArg::Typed(typed) => names.visit_pat(&typed.pat),
            }
        }
        let body = self.body.to_string();
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let words: HashSet<&str> = body.split(|c| !is_part(c)).collect();
        // An unused parameter stays unused, so that the compiler says so.
        let is_used = |name: &Ident| {
            let text = name.unraw().to_string();
            text.starts_with('_') || words.contains(text.as_str())
        };
        names.0.into_iter().filter(is_used).rev().collect()
    }
}

fn returns(returned: &Type) -> Returns {
    match returned {
        Type::Paren(inner) => returns(&inner.elem),
        Type::Group(inner) => returns(&inner.elem),
        Type::Never(_) => Returns::Unnamed,
        Type::ImplTrait(opaque) => match output_of_future(opaque.bounds.iter()) {
            Some(output) => Returns::Future(Wrapped::Bare, Box::new(output)),
            None => Returns::Unnamed,
        },
        Type::Path(path) => match boxed_future(&path.path) {
            Some((wrapped, output)) => Returns::Future(wrapped, Box::new(output)),
            None => Returns::Value,
        },
        _ => Returns::Value,
    }
}

/// `Box<dyn Future>`, `Pin<Box<dyn Future>>` or `Pin<Box<impl Future>>`, or the
/// alias of such a type in the `futures` crate.
fn boxed_future(path: &Path) -> Option<(Wrapped, Option<Type>)> {
    let last = path.segments.last()?;
    if last.ident == "BoxFuture" || last.ident == "LocalBoxFuture" {
        return Some((
            Wrapped::PinnedBox,
            only_type_argument(&last.arguments).cloned(),
        ));
    }
    let argument = only_type_argument(&last.arguments)?;
    if last.ident == "Box" {
        let output = match argument {
            Type::TraitObject(object) => output_of_future(object.bounds.iter())?,
            Type::ImplTrait(opaque) => output_of_future(opaque.bounds.iter())?,
            _ => return None,
        };
        return Some((Wrapped::Box, output));
    }
    match argument {
        Type::Path(boxed) if last.ident == "Pin" => match boxed_future(&boxed.path)? {
            (Wrapped::Box, output) => Some((Wrapped::PinnedBox, output)),
            _ => None,
        },
        _ => None,
    }
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

/// The output of a `Future` among the bounds; `Some(None)` where the bound does
/// not say it.
fn output_of_future<'a>(
    mut bounds: impl Iterator<Item = &'a TypeParamBound>,
) -> Option<Option<Type>> {
    let future = bounds.find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => {
            let last = bound.path.segments.last()?;
            (last.ident == "Future").then_some(last)
        }
        _ => None,
    })?;
    let PathArguments::AngleBracketed(arguments) = &future.arguments else {
        return Some(None);
    };
    let output = arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(output) if output.ident == "Output" => Some(output.ty.clone()),
        _ => None,
    });
    Some(output)
}

fn mentions(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(group) => mentions(group.stream(), word),
        _ => false,
    })
}
