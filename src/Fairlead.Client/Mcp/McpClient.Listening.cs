namespace Fairlead.Client;

/// <content>What comes from the server: answers, notifications, requests, and tools that change .</content>
public sealed partial class McpClient
{
    private async Task ListenAsync()
    {
        Exception? cause = null;
        try
        {
            await foreach (var utf8 in transport.ReadAllAsync(CancellationToken.None))
                Take(utf8);
        }
        catch (Exception failure)
        {
            cause = failure;
        }
        lock (gate)
            State = McpConnectionState.Disconnected;
        requests.Fail(new McpDisconnectedException("The connection ended.", cause));
        if (!closing)
            options.Log?.Invoke("The connection ended.", cause);
    }

    private void Take(ReadOnlyMemory<byte> utf8)
    {
        McpMessage message;
        try
        {
            message = McpMessage.Parse(utf8);
        }
        catch (FormatException failure)
        {
            options.Log?.Invoke($"A message of the server was left out: {failure.Message}", failure);
            return;
        }
        switch (message.Kind)
        {
            case McpMessageKind.Request:
                _ = AnswerAsync(message);
                break;
            case McpMessageKind.Notification:
                OnNotification(message);
                break;
            default:
                requests.Take(message);
                break;
        }
    }

    private void OnNotification(McpMessage message)
    {
        if (message.Method == "notifications/progress")
            requests.Progress(message);
        else if (message.Method == "notifications/tools/list_changed")
            Refresh();
        try
        {
            options.OnNotification?.Invoke(message);
        }
        catch (Exception failure)
        {
            options.Log?.Invoke("A handler of notifications failed.", failure);
        }
    }

    // Several changes while one reading is under way need one more reading, not several.
    private void Refresh()
    {
        lock (gate)
        {
            if (State != McpConnectionState.Ready)
                return;
            refreshAgain = true;
            if (refreshing.IsCompleted)
                refreshing = Task.Run(RefreshAsync, CancellationToken.None);
        }
    }

    private async Task RefreshAsync()
    {
        while (true)
        {
            lock (gate)
            {
                if (!refreshAgain)
                    return;
                refreshAgain = false;
            }
            try
            {
                await DiscoverAsync(ended.Token);
                options.OnToolsChanged?.Invoke();
            }
            catch (Exception failure)
            {
                options.Log?.Invoke($"The changed tools could not be read: {failure.Message}", failure);
            }
        }
    }

    private async Task AnswerAsync(McpMessage request)
    {
        try
        {
            await requests.AnswerAsync(request, ended.Token);
        }
        catch (Exception failure)
        {
            options.Log?.Invoke($"{request.Method} could not be answered: {failure.Message}", failure);
        }
    }
}
