using System.Security.Cryptography;

namespace Berth.Daemon.Containers;

/// <summary>Names of containers: Docker's rules, and names for those who give none.</summary>
internal static class ContainerName
{
    private static readonly string[] Adjectives =
    [
        "able", "airy", "alert", "amber", "ample", "apt", "ardent", "austral", "balanced", "bold", "bonny", "breezy", "bright", "brisk", "buoyant", "calm",
        "candid", "careful", "cheerful", "clever", "coastal", "cosy", "curious", "dapper", "daring", "deft", "eager", "early", "easy", "fair", "fearless",
        "fleet", "fond", "frank", "fresh", "gallant", "gentle", "glad", "golden", "graceful", "handy", "hardy", "hearty", "helpful", "honest", "humble",
        "jolly", "keen", "kind", "light", "lively", "loyal", "lucid", "lucky", "mellow", "merry", "mild", "modest", "moonlit", "nautical", "neat",
        "nimble", "noble", "northern", "open", "patient", "placid", "plucky", "polite", "proud", "quick", "quiet", "radiant", "ready", "robust", "sage",
        "sailing", "salty", "serene", "silver", "sincere", "sleek", "smooth", "snug", "spirited", "spry", "steady", "stout", "sturdy", "sunny", "swift",
        "tidal", "tidy", "tranquil", "trim", "true", "trusty", "upbeat", "valiant", "vivid", "warm", "wise", "witty", "zesty",
    ];

    // Navigators, shipwrights, oceanographers and keepers of lights.
    private static readonly string[] Surnames =
    [
        "amundsen", "anning", "baffin", "banks", "baret", "barents", "beaufort", "behaim", "bering", "bligh", "bougainville", "bowditch", "brunel",
        "cabot", "cabral", "carson", "cartier", "cavendish", "chichester", "clark", "columbus", "cook", "cousteau", "dalrymple", "darling", "davis",
        "dias", "drake", "earle", "elcano", "ericsson", "fitzroy", "flinders", "franklin", "fresnel", "frobisher", "fulton", "gama", "gilbert", "grey",
        "halley", "harrison", "hawkins", "heezen", "henson", "heyerdahl", "hipparchus", "hudson", "humboldt", "kruzenshtern", "laperouse", "lovell",
        "magellan", "malaspina", "maury", "mercator", "mukai", "munk", "nansen", "nicollet", "peary", "piccard", "polo", "ptolemy", "pytheas", "quiros",
        "raleigh", "ross", "scott", "semple", "shackleton", "slocum", "smeaton", "smyth", "stevenson", "tasman", "tereshkova", "tharp", "torres",
        "urdaneta", "vancouver", "vespucci", "wallis", "weddell", "zarco", "zheng",
    ];

    /// <summary>[a-zA-Z0-9][a-zA-Z0-9_.-]+, without a leading slash.</summary>
    public static bool IsValid(string name)
        => name.Length >= 2 && char.IsAsciiLetterOrDigit(name[0]) && name.AsSpan(1).IndexOfAnyExcept(Allowed) < 0;

    private static readonly System.Buffers.SearchValues<char> Allowed =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

    /// <summary>A name such as "steady_tharp"; from the second attempt on with a number after it, since the plain one was taken.</summary>
    public static string Random(int attempt)
    {
        var name = $"{Adjectives[RandomNumberGenerator.GetInt32(Adjectives.Length)]}_{Surnames[RandomNumberGenerator.GetInt32(Surnames.Length)]}";
        return attempt == 0 ? name : $"{name}{RandomNumberGenerator.GetInt32(10 * attempt)}";
    }

    /// <summary>64 hexadecimal digits.</summary>
    public static string NewId() => RandomNumberGenerator.GetHexString(64, lowercase: true);
}
