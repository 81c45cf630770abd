using System.Globalization;
using System.Text;

namespace Berth.Client.Output.Templates;

/// <summary>Reads the part of Go's text/template language that people use with --format.</summary>
internal sealed class TemplateParser
{
    private readonly string _text;
    private int _at;
    private int _actionEnd;

    private TemplateParser(string text) => _text = text;

    /// <exception cref="TemplateException">The template is malformed, or uses what Berth does not offer.</exception>
    public static IReadOnlyList<TemplateNode> Parse(string text)
    {
        var parser = new TemplateParser(text);
        var nodes = parser.ParseBlock(out var ending);
        return ending is null ? nodes : throw new TemplateException($"unexpected {{{{{ending}}}}}");
    }

    /// <summary>Reads up to the action that ends the block: end or else, or the text's end.</summary>
    /// <param name="ending"><c>end</c>, <c>else</c> with the cursor behind that word, or <see langword="null"/>.</param>
    private List<TemplateNode> ParseBlock(out string? ending)
    {
        var nodes = new List<TemplateNode>();
        while (true)
        {
            var open = _text.IndexOf("{{", _at, StringComparison.Ordinal);
            var literal = open < 0 ? _text[_at..] : _text[_at..open];
            var trimsLeft = open >= 0 && IsTrimMarkAt(open + 2);
            literal = trimsLeft ? literal.TrimEnd() : literal;
            if (literal.Length > 0)
            {
                nodes.Add(new TemplateNode.Literal(literal));
            }

            if (open < 0)
            {
                _at = _text.Length;
                ending = null;
                return nodes;
            }

            _at = open + (trimsLeft ? 4 : 2);
            if (SkipComment())
            {
                continue;
            }

            _actionEnd = FindActionEnd();
            var word = PeekWord();
            if (word is "end" or "else")
            {
                _at += word.Length;
                ending = word;
                return nodes;
            }

            nodes.Add(ParseAction(word));
        }
    }

    private bool IsTrimMarkAt(int at) => at + 1 < _text.Length && _text[at] == '-' && char.IsWhiteSpace(_text[at + 1]);

    private bool SkipComment()
    {
        if (string.CompareOrdinal(_text, _at, "/*", 0, 2) != 0)
        {
            return false;
        }

        var end = _text.IndexOf("*/", _at, StringComparison.Ordinal);
        var close = end < 0 ? -1 : _text.IndexOf("}}", end, StringComparison.Ordinal);
        if (close < 0)
        {
            throw new TemplateException("unclosed comment");
        }

        var trims = _text[close - 1] == '-';
        _at = close + 2;
        SkipTrimmed(trims);
        return true;
    }

    /// <summary>Finds the closing braces, passing over quoted text.</summary>
    private int FindActionEnd()
    {
        for (var i = _at; i < _text.Length - 1; i++)
        {
            switch (_text[i])
            {
                case '"':
                    i = SkipQuoted(i);
                    break;
                case '`':
                    i = _text.IndexOf('`', i + 1) is var raw and >= 0 ? raw : throw new TemplateException("unterminated raw quoted string");
                    break;
                case '}' when _text[i + 1] == '}':
                    return i;
            }
        }

        throw new TemplateException("unclosed action");
    }

    private int SkipQuoted(int at)
    {
        for (var i = at + 1; i < _text.Length; i++)
        {
            if (_text[i] == '\\')
            {
                i++;
            }
            else if (_text[i] == '"')
            {
                return i;
            }
        }

        throw new TemplateException("unterminated quoted string");
    }

    private void CloseAction()
    {
        SkipSpace();
        var trims = _at == _actionEnd - 1 && _text[_at] == '-';
        if (_at != _actionEnd && !trims)
        {
            throw new TemplateException($"unexpected \"{_text[_at.._actionEnd].Trim()}\" in the action");
        }

        _at = _actionEnd + 2;
        SkipTrimmed(trims);
    }

    private void SkipTrimmed(bool trims)
    {
        while (trims && _at < _text.Length && char.IsWhiteSpace(_text[_at]))
        {
            _at++;
        }
    }

    private TemplateNode ParseAction(string word)
    {
        switch (word)
        {
            case "if":
                _at += word.Length;
                return ParseBranch(static (condition, then, otherwise) => new TemplateNode.If(condition, then, otherwise));
            case "with":
                _at += word.Length;
                return ParseBranch(static (subject, then, otherwise) => new TemplateNode.With(subject, then, otherwise));
            case "range":
                _at += word.Length;
                return ParseRange();
            case "break":
                _at += word.Length;
                CloseAction();
                return new TemplateNode.Break();
            case "continue":
                _at += word.Length;
                CloseAction();
                return new TemplateNode.Continue();
            case "define" or "template" or "block":
                throw new TemplateException($"{{{{{word}}}}} is not supported");
            default:
                var pipeline = ParsePipeline(')');
                CloseAction();
                return new TemplateNode.Print(pipeline);
        }
    }

    private TemplateNode ParseBranch(Func<Pipeline, IReadOnlyList<TemplateNode>, IReadOnlyList<TemplateNode>, TemplateNode> make)
    {
        var condition = ParsePipeline(')');
        CloseAction();
        var then = ParseBlock(out var ending);
        return make(condition, then, ParseElse(ending));
    }

    private TemplateNode.Range ParseRange()
    {
        string? key = null;
        var mark = _at;
        SkipSpace();
        if (Peek() == '$')
        {
            // range $key, $value := pipeline
            var name = ReadVariable();
            SkipSpace();
            if (Peek() == ',')
            {
                _at++;
                key = name;
            }
            else
            {
                _at = mark;
            }
        }

        var subject = ParsePipeline(')');
        CloseAction();
        var body = ParseBlock(out var ending);
        return new TemplateNode.Range(key, subject, body, ParseElse(ending));
    }

    private List<TemplateNode> ParseElse(string? ending)
    {
        switch (ending)
        {
            case null:
                throw new TemplateException("unexpected end of the template: {{end}} is missing");
            case "end":
                CloseAction();
                return [];
        }

        SkipSpace();
        var word = PeekWord();
        if (word is "if" or "with")
        {
            return [ParseAction(word)]; // shares our end
        }

        CloseAction();
        var nodes = ParseBlock(out var last);
        if (last != "end")
        {
            throw new TemplateException("expected {{end}} after {{else}}");
        }

        CloseAction();
        return nodes;
    }

    private Pipeline ParsePipeline(char closer)
    {
        SkipSpace();
        string? variable = null;
        var declares = false;
        var mark = _at;
        if (Peek() == '$')
        {
            var name = ReadVariable();
            SkipSpace();
            if (string.CompareOrdinal(_text, _at, ":=", 0, 2) == 0)
            {
                (variable, declares) = (name, true);
                _at += 2;
            }
            else if (Peek() == '=')
            {
                variable = name;
                _at++;
            }
            else
            {
                _at = mark;
            }
        }

        var commands = new List<IReadOnlyList<Operand>>();
        do
        {
            commands.Add(ParseCommand(closer));
        }
        while (Skip('|'));
        return new Pipeline(commands, variable, declares);
    }

    private List<Operand> ParseCommand(char closer)
    {
        var operands = new List<Operand>();
        while (true)
        {
            SkipSpace();
            if (AtActionEnd() || Peek() == '|' || Peek() == closer)
            {
                return operands.Count > 0 ? operands : throw new TemplateException("missing value for command");
            }

            operands.Add(ParseOperand());
        }
    }

    private bool AtActionEnd() => _at >= _actionEnd || (_at == _actionEnd - 1 && _text[_at] == '-');

    private Operand ParseOperand()
    {
        var c = Peek();
        switch (c)
        {
            case '.':
                _at++;
                return IsNameStart(Peek()) ? new Operand.Dot([ReadName(), .. ReadFields()]) : new Operand.Dot([]);
            case '$':
                return new Operand.Variable(ReadVariable(), ReadFields());
            case '(':
                _at++;
                var nested = ParsePipeline(')');
                return Skip(')') ? new Operand.Nested(nested, ReadFields()) : throw new TemplateException("unclosed left parenthesis");
            case '"':
                var end = SkipQuoted(_at);
                var quoted = Unescape(_text[(_at + 1)..end]);
                _at = end + 1;
                return new Operand.Constant(quoted);
            case '`':
                var close = _text.IndexOf('`', _at + 1);
                var raw = _text[(_at + 1)..close];
                _at = close + 1;
                return new Operand.Constant(raw);
            case '-' or '+' or (>= '0' and <= '9'):
                return ReadNumber();
        }

        if (!IsNameStart(c))
        {
            throw new TemplateException($"unexpected \"{c}\" in operand");
        }

        var name = ReadName();
        return name switch
        {
            "true" => new Operand.Constant(true),
            "false" => new Operand.Constant(false),
            "nil" => new Operand.Constant(null),
            _ => new Operand.Function(name),
        };
    }

    private Operand.Constant ReadNumber()
    {
        var start = _at++;
        while (_at < _actionEnd && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] is '.' or '_'))
        {
            _at++;
        }

        var text = _text[start.._at];
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
        {
            return new Operand.Constant(whole);
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real)
            ? new Operand.Constant(real)
            : throw new TemplateException($"bad number syntax: \"{text}\"");
    }

    private List<string> ReadFields()
    {
        var fields = new List<string>();
        while (Peek() == '.' && _at + 1 < _actionEnd && IsNameStart(_text[_at + 1]))
        {
            _at++;
            fields.Add(ReadName());
        }

        return fields;
    }

    private string ReadVariable()
    {
        var start = _at++;
        while (_at < _actionEnd && IsNamePart(_text[_at]))
        {
            _at++;
        }

        return _text[start.._at];
    }

    private string ReadName()
    {
        var start = _at;
        while (_at < _actionEnd && IsNamePart(_text[_at]))
        {
            _at++;
        }

        return _text[start.._at];
    }

    private string PeekWord()
    {
        SkipSpace();
        var end = _at;
        while (end < _actionEnd && IsNamePart(_text[end]))
        {
            end++;
        }

        return _text[_at..end];
    }

    private static bool IsNameStart(char c) => char.IsLetter(c) || c == '_';

    private static bool IsNamePart(char c) => char.IsLetterOrDigit(c) || c == '_';

    private char Peek() => _at < _actionEnd ? _text[_at] : '\0';

    private bool Skip(char c)
    {
        SkipSpace();
        if (Peek() != c)
        {
            return false;
        }

        _at++;
        return true;
    }

    private void SkipSpace()
    {
        while (_at < _actionEnd && char.IsWhiteSpace(_text[_at]))
        {
            _at++;
        }
    }

    private static string Unescape(string quoted)
    {
        if (!quoted.Contains('\\', StringComparison.Ordinal))
        {
            return quoted;
        }

        var text = new StringBuilder();
        for (var i = 0; i < quoted.Length; i++)
        {
            if (quoted[i] != '\\')
            {
                text.Append(quoted[i]);
                continue;
            }

            text.Append(quoted[++i] switch
            {
                'n' => "\n",
                't' => "\t",
                'r' => "\r",
                '\\' => "\\",
                '"' => "\"",
                '\'' => "'",
                'x' when Hex(quoted, i + 1, 2) is { } code => Take(code, 2, ref i),
                'u' when Hex(quoted, i + 1, 4) is { } code => Take(code, 4, ref i),
                var c => throw new TemplateException($"unknown escape \\{c}"),
            });
        }

        return text.ToString();
    }

    private static int? Hex(string text, int at, int digits)
        => at + digits <= text.Length && int.TryParse(text.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) ? code : null;

    private static string Take(int code, int digits, ref int i)
    {
        i += digits;
        return ((char)code).ToString();
    }
}
