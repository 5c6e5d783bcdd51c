using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;

namespace Fairlead.Cli;

/// <summary>
/// Where words go: the result to standard output, everything else to standard error. Colour and movement only where a
/// person watches (NO_COLOR and TERM=dumb are honoured); texts of services cannot steer the terminal. With <c>--json</c>
/// standard error is for programs too: a line of JSON each, with a <c>note</c> or an <c>error</c>.
/// </summary>
internal sealed class Output(Terminal terminal, bool json)
{
    /// <summary>Wide enough that a piped table never breaks a row.</summary>
    private const int PipeWidth = 100_000;

    /// <summary>Whether the result is wanted for programs.</summary>
    public bool IsJson => json;

    /// <summary>Says what went wrong and what to do next.</summary>
    public static void Explain(Terminal terminal, CliFailure failure, bool json = false)
    {
        if (json)
        {
            terminal.Error.WriteLine(
                Text(
                    new CliError(new(ExitCode.Name(failure.Code), failure.Code, failure.Message, failure.Advice)),
                    CliJson.Default.CliError,
                    indented: false
                )
            );
            return;
        }
        terminal.Error.WriteLine($"fairlead: {Visible(failure.Message)}");
        if (failure.Advice is { } advice)
            terminal.Error.WriteLine(advice);
    }

    /// <summary>A line beside the result, on standard error.</summary>
    public void Note(string text) =>
        terminal.Error.WriteLine(
            json ? Text(new CliNote(text), CliJson.Default.CliNote, indented: false) : Visible(text)
        );

    /// <summary>Why a command that has a result ends with an exit code that is not 0.</summary>
    public void Problem(int code, string text, string? advice = null) =>
        Explain(terminal, new CliFailure(code, text, advice), json);

    /// <summary>A line of the result. Bytes of a pipe stay as they are; a terminal gets no control characters.</summary>
    public void Line(string text) => terminal.Out.WriteLine(terminal.OutIsPerson ? Visible(text) : text);

    public void Json<T>(T value, JsonTypeInfo<T> type) => terminal.Out.WriteLine(Text(value, type, indented: true));

    /// <summary>One of many results that come one after the other, on a line of its own, at once.</summary>
    public void JsonLine<T>(T value, JsonTypeInfo<T> type)
    {
        terminal.Out.WriteLine(Text(value, type, indented: false));
        terminal.Out.Flush();
    }

    /// <summary>The result as a table, or a note where there are no rows.</summary>
    public void Table(string whenEmpty, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = TableBorder.None, UseSafeBorder = true };
        var heading = new Style(decoration: Decoration.Bold);
        foreach (var column in columns)
            table.AddColumn(new TableColumn(new Text(column, heading)) { Padding = new Padding(0, 0, 2, 0) });
        foreach (var row in rows)
            table.AddRow(row.Select(cell => new Text(OneLine(cell), StyleOf(cell))));
        if (table.Rows.Count == 0)
            Note(whenEmpty);
        else
            Write(table);
    }

    /// <summary>Names and values, one a line.</summary>
    public void Facts(IEnumerable<(string Name, string? Value)> facts)
    {
        var grid = new Grid()
            .AddColumn(new GridColumn { NoWrap = true, Padding = new Padding(0, 0, 2, 0) })
            .AddColumn();
        foreach (var (name, value) in facts)
        {
            if (!string.IsNullOrEmpty(value))
                grid.AddRow(
                    new Text(name, new Style(decoration: Decoration.Bold)),
                    new Text(Visible(value), StyleOf(value))
                );
        }
        Write(grid);
    }

    /// <summary>Shows that something goes on until it ends; a person sees a live line, a log gets one line a change.</summary>
    /// <param name="doing">What is shown first.</param>
    /// <param name="work">Is given what shows a new text; an empty one changes nothing.</param>
    public async Task<T> WhileAsync<T>(string doing, Func<Action<string>, Task<T>> work)
    {
        if (!terminal.ErrorIsPerson || IsDumb)
        {
            var last = "";
            return await work(text =>
            {
                if (text.Length > 0 && text != last)
                    Note(last = text);
            });
        }
        return await ConsoleOn(terminal.Error, person: true)
            .Status()
            .Spinner(Spinner.Known.Dots)
            .StartAsync(
                Markup.Escape(OneLine(doing)),
                status =>
                    work(text =>
                    {
                        if (text.Length > 0)
                            status.Status(Markup.Escape(OneLine(text)));
                    })
            );
    }

    /// <summary>Text without what could move the cursor, colour the screen or rename the window.</summary>
    public static string Visible(string text) =>
        text.AsSpan().IndexOfAnyInRange('\0', '\u001f') < 0 && text.AsSpan().IndexOfAnyInRange('\u007f', '\u009f') < 0
            ? text
            : string.Create(
                text.Length,
                text,
                static (to, from) =>
                {
                    for (var i = 0; i < to.Length; i++)
                        to[i] = char.IsControl(from[i]) && from[i] is not ('\n' or '\t') ? '\ufffd' : from[i];
                }
            );

    private static string Text<T>(T value, JsonTypeInfo<T> type, bool indented)
    {
        var text = new ArrayBufferWriter<byte>();
        // Names of people and tools stay readable in any script; control characters are escaped all the same.
        var style = new JsonWriterOptions
        {
            Indented = indented,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        using (var writer = new Utf8JsonWriter(text, style))
            JsonSerializer.Serialize(writer, value, type);
        return Encoding.UTF8.GetString(text.WrittenSpan);
    }

    private static string OneLine(string text) => Visible(text).ReplaceLineEndings(" ").Replace('\t', ' ');

    private static Style StyleOf(string cell) =>
        cell switch
        {
            "running" => new Style(Color.Green),
            "error" => new Style(Color.Red),
            "starting" or "stopping" => new Style(Color.Yellow),
            _ => Style.Plain,
        };

    private void Write(Spectre.Console.Rendering.IRenderable shape)
    {
        if (terminal.OutIsPerson)
        {
            ConsoleOn(terminal.Out, person: true).Write(shape);
            return;
        }
        using var text = new StringWriter();
        ConsoleOn(text, person: false).Write(shape);
        foreach (var line in text.ToString().ReplaceLineEndings("\n").TrimEnd('\n').Split('\n'))
            terminal.Out.WriteLine(line.TrimEnd());
    }

    private IAnsiConsole ConsoleOn(TextWriter writer, bool person)
    {
        var ansi = person && !IsDumb;
        var colour = ansi && terminal.Variable("NO_COLOR") is null;
        var console = AnsiConsole.Create(
            new AnsiConsoleSettings
            {
                Ansi = ansi ? AnsiSupport.Yes : AnsiSupport.No,
                ColorSystem = colour ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
                Interactive = ansi ? InteractionSupport.Yes : InteractionSupport.No,
                Out = new AnsiConsoleOutput(writer),
                Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
            }
        );
        if (!person)
            console.Profile.Width = PipeWidth;
        return console;
    }

    private bool IsDumb => terminal.Variable("TERM") == "dumb";
}
