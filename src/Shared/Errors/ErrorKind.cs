namespace Berth.Shared.Errors;

/// <summary>What went wrong, in the terms a caller acts on; each kind has one HTTP and one gRPC status.</summary>
public enum ErrorKind
{
    /// <summary>Wrong whatever the state is; HTTP 400.</summary>
    InvalidArgument,

    /// <summary>The caller has not said who they are; HTTP 401.</summary>
    Unauthorized,

    /// <summary>The caller may not; HTTP 403.</summary>
    Forbidden,

    /// <summary>No such thing; HTTP 404.</summary>
    NotFound,

    /// <summary>Wrong now, may be right later, or the name is taken; HTTP 409.</summary>
    Conflict,

    /// <summary>Not in this engine; HTTP 501.</summary>
    NotImplemented,

    /// <summary>Not at this moment; HTTP 503.</summary>
    Unavailable,

    /// <summary>The kernel or a peer said no, and the message says what; HTTP 500.</summary>
    Internal,
}
