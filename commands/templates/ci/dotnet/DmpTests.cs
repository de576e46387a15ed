using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Xunit;

namespace EssaisDmp;

//fr: Une session isolée du DMP bouchonné par essai ; à la fin, son journal dit ce qu'elle a reçu.
//en: An isolated session of the mock DMP for each test; at the end, its journal tells what it received.
public sealed class DmpTests : IAsyncLifetime
{
    private const string Password = "dmpcompat-test";
    private static readonly string Pki = Environment.GetEnvironmentVariable("DMP_PKI")!;
    private static readonly string Dmp = Environment.GetEnvironmentVariable("DMP_URL")!;
    private static readonly string Control = $"{Dmp}/control/v1/sessions";

    private readonly string session = $"dotnet-{Guid.NewGuid():N}";
    private readonly HttpClient http = new(Handler());

    private string Services => $"{Dmp}/s/{session}/si-dmp-server/v2/services";

    public async Task InitializeAsync()
    {
        using var opened = await http.PostAsJsonAsync(Control, new { name = session });
        Assert.Equal(HttpStatusCode.Created, opened.StatusCode);
    }

    public async Task DisposeAsync()
    {
        using var closed = await http.DeleteAsync($"{Control}/{session}");
        http.Dispose();
    }

    [Fact]
    public async Task TheServiceIsThere()
    {
        Assert.Contains("definitions", await http.GetStringAsync($"{Services}/habilitations?wsdl"));
    }

    [Fact]
    public async Task WhatWasReceivedIsInTheJournal()
    {
        //fr: Ici, l'appel de votre logiciel (WCF), configuré avec Services ; cette enveloppe sans VIHF doit être refusée.
        //en: Here goes the call of your software (WCF), configured with Services; this envelope without VIHF must be refused.
        var envelope =
            "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\""
            + " xmlns:a=\"http://www.w3.org/2005/08/addressing\"><s:Header>"
            + "<a:Action s:mustUnderstand=\"true\">urn:hl7-org:v3:PRPA_IN201307UV02</a:Action>"
            + $"<a:MessageID>urn:uuid:{Guid.NewGuid()}</a:MessageID></s:Header><s:Body/></s:Envelope>";
        using var body = new StringContent(envelope, Encoding.UTF8, "application/soap+xml");
        using var answer = await http.PostAsync($"{Services}/patients", body);
        Assert.Contains("Fault", await answer.Content.ReadAsStringAsync());
        Assert.Contains("refused", await http.GetStringAsync($"{Control}/{session}/exchanges"));
    }

    private static HttpClientHandler Handler()
    {
        var authority = X509Certificate2.CreateFromPemFile(Path.Combine(Pki, "ca.pem"));
        var handler = new HttpClientHandler { ClientCertificateOptions = ClientCertificateOption.Manual };
        handler.ClientCertificates.Add(new X509Certificate2(Path.Combine(Pki, "org-auth-cli.p12"), Password));
        handler.ServerCertificateCustomValidationCallback = (_, certificate, chain, problems) =>
        {
            if (certificate is null || chain is null || problems.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            {
                return false;
            }
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.Add(authority);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            return chain.Build(certificate);
        };
        return handler;
    }
}
