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

/// A stream that a function returns, alone or in a box.
pub(crate) struct ReturnedStream {
    pub(crate) wrapped: Wrapped,
    /// If the type says it.
    pub(crate) item: Option<Type>,
    /// Where the type says that it is a stream.
    pub(crate) span: Span,
}

/// What a returned future or stream is wrapped in.
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

    /// The stream that the function itself returns, as far as its type tells.
    pub(crate) fn returned_stream(&self) -> Option<ReturnedStream> {
        match &self.signature.output {
            ReturnType::Type(_, returned) if self.signature.asyncness.is_none() => {
                let (wrapped, said) = returned_as(returned, &STREAM)?;
                Some(ReturnedStream {
                    wrapped,
                    item: said.associated,
                    span: said.span,
                })
            }
            _ => None,
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

/// A trait by which a type says what it is.
struct KnownTrait {
    names: &'static [&'static str],
    /// The associated type that is asked for.
    associated: &'static str,
    /// The aliases of boxes of it in the `futures` crate.
    aliases: &'static [&'static str],
}

const FUTURE: KnownTrait = KnownTrait {
    names: &["Future"],
    associated: "Output",
    aliases: &["BoxFuture", "LocalBoxFuture"],
};

const STREAM: KnownTrait = KnownTrait {
    names: &["Stream", "FusedStream", "TryStream"],
    associated: "Item",
    aliases: &["BoxStream", "LocalBoxStream"],
};

/// Where a type says what it is, and the associated type if it says that too.
struct Said {
    span: Span,
    associated: Option<Type>,
}

fn returns(returned: &Type) -> Returns {
    match returned {
        Type::Paren(inner) => returns(&inner.elem),
        Type::Group(inner) => returns(&inner.elem),
        Type::Never(_) => Returns::Unnamed,
        _ => match (returned_as(returned, &FUTURE), returned) {
            (Some((wrapped, said)), _) => Returns::Future(wrapped, Box::new(said.associated)),
            (None, Type::ImplTrait(_)) => Returns::Unnamed,
            (None, _) => Returns::Value,
        },
    }
}

/// What the type says of a trait, alone or in a box.
fn returned_as(returned: &Type, known: &KnownTrait) -> Option<(Wrapped, Said)> {
    match returned {
        Type::Paren(inner) => returned_as(&inner.elem, known),
        Type::Group(inner) => returned_as(&inner.elem, known),
        Type::ImplTrait(opaque) => Some((Wrapped::Bare, said(&opaque.bounds, known)?)),
        Type::Path(path) => boxed(&path.path, known),
        _ => None,
    }
}

/// `Box<dyn Future>`, `Pin<Box<dyn Future>>` or `Pin<Box<impl Future>>`, or the
/// alias of such a type in the `futures` crate; the same of another trait.
fn boxed(path: &Path, known: &KnownTrait) -> Option<(Wrapped, Said)> {
    let last = path.segments.last()?;
    if is_one_of(&last.ident, known.aliases) {
        let said = Said {
            span: last.ident.span(),
            associated: only_type_argument(&last.arguments).cloned(),
        };
        return Some((Wrapped::PinnedBox, said));
    }
    let argument = only_type_argument(&last.arguments)?;
    if last.ident == "Box" {
        let said = match argument {
            Type::TraitObject(object) => said(&object.bounds, known)?,
            Type::ImplTrait(opaque) => said(&opaque.bounds, known)?,
            _ => return None,
        };
        return Some((Wrapped::Box, said));
    }
    match argument {
        Type::Path(inner) if last.ident == "Pin" => match boxed(&inner.path, known)? {
            (Wrapped::Box, said) => Some((Wrapped::PinnedBox, said)),
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

/// What bounds say of a trait, if it is among them.
fn said<'a>(
    bounds: impl IntoIterator<Item = &'a TypeParamBound>,
    known: &KnownTrait,
) -> Option<Said> {
    let segment = bounds.into_iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => {
            let last = bound.path.segments.last()?;
            is_one_of(&last.ident, known.names).then_some(last)
        }
        _ => None,
    })?;
    let associated = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => {
            arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::AssocType(associated) if associated.ident == known.associated => {
                    Some(associated.ty.clone())
                }
                _ => None,
            })
        }
        _ => None,
    };
    Some(Said {
        span: segment.ident.span(),
        associated,
    })
}

fn is_one_of(ident: &Ident, names: &[&str]) -> bool {
    names.iter().any(|name| ident == name)
}

fn mentions(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(group) => mentions(group.stream(), word),
        _ => false,
    })
}
