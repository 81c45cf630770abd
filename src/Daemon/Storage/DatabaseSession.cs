using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Berth.Daemon.Storage;

/// <summary>
/// One connection, lent by <see cref="Database"/> for the length of a transaction. Statements are prepared once per
/// connection and kept, keyed by their text: pass constant SQL with ?1, ?2, … and never values spliced into it.
/// </summary>
internal sealed class DatabaseSession : IDisposable
{
    private readonly Dictionary<string, Statement> _statements = new(StringComparer.Ordinal);

    internal DatabaseSession(string connectionString)
    {
        Connection = new SqliteConnection(connectionString);
        try
        {
            Connection.Open();
        }
        catch
        {
            Connection.Dispose();
            throw;
        }
    }

    public SqliteConnection Connection { get; }

    /// <summary>False once SQLite has rolled the transaction back by itself, as it does when the disk is full.</summary>
    internal bool InTransaction => raw.sqlite3_get_autocommit(Connection.Handle) == 0;

    /// <summary>Runs a statement; returns the number of rows it changed.</summary>
    public int Execute(string sql, params ReadOnlySpan<object?> values)
    {
        using var use = Rent(sql, values);
        return use.Command.ExecuteNonQuery();
    }

    /// <summary>All rows, each made by <paramref name="map"/> from the reader at its row.</summary>
    public List<T> Query<T>(string sql, Func<SqliteDataReader, T> map, params ReadOnlySpan<object?> values)
    {
        using var use = Rent(sql, values);
        using var reader = use.Command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(map(reader));
        }

        return rows;
    }

    /// <summary>The first row, or the default of <typeparamref name="T"/> when there is none.</summary>
    public T? Find<T>(string sql, Func<SqliteDataReader, T> map, params ReadOnlySpan<object?> values)
    {
        using var use = Rent(sql, values);
        using var reader = use.Command.ExecuteReader();
        return reader.Read() ? map(reader) : default;
    }

    /// <summary>The first column of the first row as an integer; null when there is no row or it holds NULL.</summary>
    public long? FindInteger(string sql, params ReadOnlySpan<object?> values)
    {
        using var use = Rent(sql, values);
        return use.Command.ExecuteScalar() as long?;
    }

    /// <summary>The first column of the first row as text; null when there is no row or it holds NULL.</summary>
    public string? FindText(string sql, params ReadOnlySpan<object?> values)
    {
        using var use = Rent(sql, values);
        return use.Command.ExecuteScalar() as string;
    }

    /// <summary>Runs a script of several statements without parameters, outside the statement cache.</summary>
    internal void RunScript(string sql)
    {
        using var command = Connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
        {
            statement.Command.Dispose();
        }

        Connection.Dispose();
    }

    private Use Rent(string sql, ReadOnlySpan<object?> values)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            statement = new Statement(Connection.CreateCommand());
            statement.Command.CommandText = sql;
            _statements.Add(sql, statement);
        }

        if (statement.Rented)
        {
            // The same SQL inside its own row mapping: the outer reader still walks the cached statement.
            var nested = new Statement(Connection.CreateCommand());
            nested.Command.CommandText = sql;
            Bind(nested.Command, values);
            return new Use(nested, disposeAfter: true);
        }

        Bind(statement.Command, values);
        statement.Rented = true;
        return new Use(statement, disposeAfter: false);
    }

    private static void Bind(SqliteCommand command, ReadOnlySpan<object?> values)
    {
        while (command.Parameters.Count < values.Length)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = $"?{command.Parameters.Count + 1}" });
        }

        while (command.Parameters.Count > values.Length)
        {
            command.Parameters.RemoveAt(command.Parameters.Count - 1);
        }

        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
            command.Parameters[i].ResetSqliteType(); // otherwise the first value's type sticks to the cached parameter
        }
    }

    private sealed class Statement(SqliteCommand command)
    {
        public SqliteCommand Command { get; } = command;

        public bool Rented { get; set; }
    }

    private readonly struct Use(Statement statement, bool disposeAfter) : IDisposable
    {
        public SqliteCommand Command => statement.Command;

        public void Dispose()
        {
            statement.Rented = false;
            if (disposeAfter)
            {
                statement.Command.Dispose();
            }
        }
    }
}
